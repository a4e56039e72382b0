// The platform's documentation, readable in the portal.
import { useMemo, useState } from 'react';
import { Content, Header, InfoCard, Link, MarkdownContent, Page as Layout, Progress, WarningPanel } from '@backstage/core-components';
import Grid from '@material-ui/core/Grid';
import TextField from '@material-ui/core/TextField';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import { useParams } from 'react-router-dom';
import { Page, useRoute } from './api';
import { linksForPortal } from './markdown';
import { firstPage, groups, matching } from './pages';

const useStyles = makeStyles(theme => ({
  menu: { display: 'flex', flexDirection: 'column', gap: theme.spacing(0.75) },
  group: { marginTop: theme.spacing(1.5), fontWeight: 700, textTransform: 'capitalize' },
  current: { fontWeight: 700 },
  text: { maxWidth: 860, '& pre': { borderRadius: 8 }, '& table': { width: 'auto' } },
}));

export function DocsPage() {
  const wanted = useParams()['*'];
  const { value, error, loading } = useRoute<{ items: Page[] }>('docs');
  const pages = value?.items ?? [];
  const current = pages.find(page => page.path === wanted) ?? firstPage(pages);
  return (
    <Layout themeId="documentation">
      <Header title="Docs" subtitle="How this platform works, and what to do when it does not." />
      <Content>
        {loading && <Progress />}
        {error && <WarningPanel title="The docs cannot be read right now" message={error.message} />}
        {current && (
          <Grid container spacing={3}>
            <Grid item xs={12} md={3}>
              <Contents pages={pages} current={current} />
            </Grid>
            <Grid item xs={12} md={9}>
              <Text page={current} pages={pages} />
            </Grid>
          </Grid>
        )}
      </Content>
    </Layout>
  );
}

function Contents({ pages, current }: { pages: Page[]; current: Page }) {
  const classes = useStyles();
  const [filter, setFilter] = useState('');
  const found = matching(pages, filter);
  return (
    <InfoCard>
      <TextField id="find-a-page" fullWidth size="small" variant="outlined" label="Find a page" value={filter} onChange={event => setFilter(event.target.value)} />
      {found.length === 0 && <Typography className={classes.group}>No page has this in its title.</Typography>}
      {groups(found).map(([folder, members]) => (
        <div key={folder} className={classes.menu}>
          <Typography className={classes.group}>{folder}</Typography>
          {members.map(page => (
            <Link key={page.path} to={`/docs/${page.path}`} className={page.path === current.path ? classes.current : undefined}>
              {page.title}
            </Link>
          ))}
        </div>
      ))}
    </InfoCard>
  );
}

function Text({ page, pages }: { page: Page; pages: Page[] }) {
  const classes = useStyles();
  const { value, error, loading } = useRoute<{ text: string }>(`docs/page?path=${encodeURIComponent(page.path)}`);
  const text = useMemo(() => linksForPortal(value?.text ?? '', page.path, pages), [value, page, pages]);
  return (
    <InfoCard>
      {loading && <Progress />}
      {error && <WarningPanel title="This page cannot be read" message={error.message} />}
      <MarkdownContent className={classes.text} content={text} dialect="gfm" />
    </InfoCard>
  );
}
