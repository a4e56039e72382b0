// One search over everything: what runs, what can be ordered, people, and the docs.
import { useEffect, useState } from 'react';
import { Content, Header, InfoCard, Link, Page, Progress, WarningPanel } from '@backstage/core-components';
import TextField from '@material-ui/core/TextField';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import { useSearchParams } from 'react-router-dom';
import { useRoute } from './api';
import { Found, foundLine, kindOf, marked, placeOf, wordsIn } from './search';

/** Milliseconds without a key, after which is looked for what stands there. */
const PAUSE = 250;

const useStyles = makeStyles(theme => ({
  field: { maxWidth: 720, marginBottom: theme.spacing(3) },
  group: { marginBottom: theme.spacing(3) },
  one: { padding: theme.spacing(1.25, 0), borderTop: `1px solid ${theme.palette.divider}`, '&:first-child': { borderTop: 'none' } },
  mark: { backgroundColor: 'transparent', color: 'inherit', fontWeight: 700, textDecoration: 'underline' },
}));

export function SearchPage() {
  const classes = useStyles();
  const [params, setParams] = useSearchParams();
  const term = params.get('query') ?? '';
  const [text, setText] = useState(term);
  const [before, setBefore] = useState(term);
  // Somebody came with another question, by the menu or by going back.
  if (term !== before) {
    setBefore(term);
    setText(term);
  }
  useEffect(() => {
    if (text === term) return undefined;
    const timer = setTimeout(() => setParams(text ? { query: text } : {}, { replace: true }), PAUSE);
    return () => clearTimeout(timer);
  }, [text, term, setParams]);
  return (
    <Page themeId="home">
      <Header title="Search" subtitle="Apps, APIs, templates, people and the docs." />
      <Content>
        <TextField
          id="search-everything" className={classes.field} fullWidth variant="outlined" label="What do you look for?"
          value={text} onChange={event => setText(event.target.value)} autoComplete="off"
        />
        {term.trim() ? <Results term={term.trim()} /> : <Typography>Type a word, a name or a question, as “delete a database”.</Typography>}
      </Content>
    </Page>
  );
}

function Results({ term }: { term: string }) {
  const classes = useStyles();
  const { value, error, loading } = useRoute<{ results: Found[] }>(`query?term=${encodeURIComponent(term.slice(0, 100))}`, undefined, 'search');
  if (loading) return <Progress />;
  if (error || !value) return <WarningPanel title="Search does not answer right now" message={error?.message} />;
  if (value.results.length === 0) return <NothingFound term={term} />;
  const docs = value.results.filter(each => each.type === 'docs');
  const others = value.results.filter(each => each.type !== 'docs');
  const group = (title: string, found: Found[]) => found.length > 0 && (
    <InfoCard title={title}>
      {found.map(each => (
        <One key={each.document.location} found={each} term={term} />
      ))}
    </InfoCard>
  );
  return (
    <>
      {others.length > 0 && <div className={classes.group}>{group('On this platform', others)}</div>}
      {group('In the docs', docs)}
    </>
  );
}

function One({ found, term }: { found: Found; term: string }) {
  const classes = useStyles();
  const words = wordsIn(term);
  const line = foundLine(found.document.text, words);
  return (
    <div className={classes.one} data-testid="found">
      <Link to={placeOf(found)} style={{ fontWeight: 600 }}>
        {found.document.title}
      </Link>{' '}
      <Typography variant="caption" color="textSecondary">
        {kindOf(found)}
      </Typography>
      {line && (
        <Typography variant="body2">
          {marked(line, words).map((part, index) => (index % 2 ? <mark key={index} className={classes.mark}>{part}</mark> : part))}
        </Typography>
      )}
    </div>
  );
}

function NothingFound({ term }: { term: string }) {
  return (
    <InfoCard title="Nothing found">
      <Typography paragraph>Nothing here has “{term}”. Fewer words, or a part of one, find more.</Typography>
      <Typography>
        What runs is in the <Link to="/catalog">catalog</Link>, what can be ordered under <Link to="/create">Create</Link>, how it
        all works in the <Link to="/docs">docs</Link>. Something that has just been merged is found after two minutes.
      </Typography>
    </InfoCard>
  );
}
