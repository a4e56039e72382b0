// One search over everything: what runs, what can be ordered, people, and the docs.
import { useEffect, useState } from 'react';
import { Content, Header, InfoCard, Link, Page, Progress } from '@backstage/core-components';
import TextField from '@material-ui/core/TextField';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import { useSearchParams } from 'react-router-dom';
import type { DocsFound } from '@backstack/common';
import { useRoute } from './api';
import { Found, foundLine, kindOf, marked, pageOf, placeOf, wordsIn } from './search';
import { Warning } from './Warning';

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
  const query = encodeURIComponent(term.slice(0, 100));
  const things = useRoute<{ results: Found[] }>(`query?term=${query}`, undefined, 'search');
  const docs = useRoute<{ items: DocsFound[] }>(`docs/search?term=${query}`);
  const found = things.value?.results ?? [];
  const sections = docs.value?.items ?? [];
  if (things.value && docs.value && found.length + sections.length === 0) return <NothingFound term={term} />;
  return (
    <>
      {(things.loading || docs.loading) && <Progress />}
      {things.error && <Warning title="The catalog cannot be searched right now" message={things.error.message} />}
      {found.length > 0 && (
        <div className={classes.group}>
          <InfoCard title="On this platform">
            {found.map(each => <One key={each.document.location} to={placeOf(each)} title={each.document.title} kind={kindOf(each)} line={each.document.text} term={term} />)}
          </InfoCard>
        </div>
      )}
      {docs.error && <Warning title="The docs cannot be searched right now" message={docs.error.message} />}
      {sections.length > 0 && (
        <InfoCard title="In the docs">
          {sections.map(each => <One key={each.address} to={`/docs/${each.address}`} title={each.headings.at(-1) ?? each.address} kind={pageOf(each)} line={each.line} term={term} />)}
        </InfoCard>
      )}
    </>
  );
}

type OneProps = { to: string; title: string; kind: string; line: string; term: string };

function One({ to, title, kind, line: text, term }: OneProps) {
  const classes = useStyles();
  const words = wordsIn(term);
  const line = foundLine(text, words);
  return (
    <div className={classes.one} data-testid="found">
      <Link to={to} style={{ fontWeight: 600 }}>
        {title}
      </Link>{' '}
      <Typography variant="caption" color="textSecondary">
        {kind}
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
