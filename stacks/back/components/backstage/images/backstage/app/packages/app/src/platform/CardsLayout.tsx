// Where the cards of an entity's page stand. Backstage's own layout asks the back end eight times for warnings about the catalog
// itself, which nobody who looks at their app can do anything about.
import { Fragment } from 'react';
import { EntityContentLayoutProps } from '@backstage/plugin-catalog-react/alpha';
import { makeStyles } from '@material-ui/core/styles';

const useStyles = makeStyles(theme => ({
  page: {
    display: 'grid',
    gap: theme.spacing(3),
    alignItems: 'start',
    gridTemplateColumns: 'minmax(0, 1fr)',
    [theme.breakpoints.up('md')]: { gridTemplateColumns: ({ isDivided }: { isDivided: boolean }) => (isDivided ? 'minmax(0, 2fr) minmax(0, 1fr)' : 'minmax(0, 1fr)') },
  },
  column: { display: 'flex', flexDirection: 'column', gap: theme.spacing(3), minWidth: 0 },
  // What a thing is stands first where there is one column, and at the right where there are two.
  facts: { [theme.breakpoints.up('md')]: { order: 2 } },
}));

export function CardsLayout({ cards }: EntityContentLayoutProps) {
  const facts = cards.filter(each => each.type === 'info');
  const contents = cards.filter(each => each.type !== 'info');
  const classes = useStyles({ isDivided: facts.length > 0 });
  return (
    <div className={classes.page}>
      {facts.length > 0 && <div className={`${classes.column} ${classes.facts}`}>{inOrder(facts)}</div>}
      <div className={classes.column}>{inOrder(contents)}</div>
    </div>
  );
}

function inOrder(cards: EntityContentLayoutProps['cards']) {
  return cards.map(({ element }, index) => <Fragment key={element.key ?? index}>{element}</Fragment>);
}
