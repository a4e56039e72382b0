// The platform's documentation, readable in the portal.
import { useEffect, useRef, useState } from 'react';
import { Content, Header, InfoCard, Link, Page as Layout, Progress } from '@backstage/core-components';
import { discoveryApiRef, useApi } from '@backstage/frontend-plugin-api';
import Grid from '@material-ui/core/Grid';
import TextField from '@material-ui/core/TextField';
import Typography from '@material-ui/core/Typography';
import useMediaQuery from '@material-ui/core/useMediaQuery';
import { makeStyles, Theme } from '@material-ui/core/styles';
import { useLocation, useParams } from 'react-router-dom';
import type { Heading, Page } from '@backstack/common';
import { useRoute } from './api';
import { Markdown } from './Markdown';
import { firstPage, groups, matching } from './pages';
import { searchPath } from './search';
import { Warning } from './Warning';

const useStyles = makeStyles(theme => ({
  // Each is high enough for a finger.
  menu: { display: 'flex', flexDirection: 'column', '& > a': { paddingTop: theme.spacing(0.5), paddingBottom: theme.spacing(0.5) } },
  group: { marginTop: theme.spacing(1.5), fontWeight: 700, textTransform: 'capitalize' },
  current: { fontWeight: 700 },
  fold: { cursor: 'pointer', fontWeight: 700, padding: theme.spacing(0.5, 0) },
  outline: {
    borderLeft: `3px solid ${theme.palette.divider}`,
    paddingLeft: theme.spacing(2),
    marginBottom: theme.spacing(3),
    // Beside the text where there is room.
    [theme.breakpoints.up('xl')]: { order: 2, position: 'sticky', top: theme.spacing(2), width: 260, flexShrink: 0 },
  },
  page: { [theme.breakpoints.up('xl')]: { display: 'flex', alignItems: 'flex-start', gap: theme.spacing(4), '& > :last-child': { flex: 1, minWidth: 0 } } },
  deeper: { paddingLeft: theme.spacing(2) },
}));

/** Milliseconds within which a picture above may move what was scrolled to. */
const SETTLED = 3_000;

export function DocsPage() {
  const wanted = useParams()['*'];
  const { value, error, loading } = useRoute<{ items: Page[] }>('docs');
  const pages = value?.items ?? [];
  const current = wanted ? pages.find(page => page.path === wanted) : firstPage(pages);
  return (
    <Layout themeId="documentation">
      <Header title="Docs" subtitle="How this platform works, and what to do when it does not." />
      <Content>
        {loading && <Progress />}
        {error && <Warning title="The docs cannot be read right now" message={error.message} />}
        {value && (
          <Grid container spacing={3}>
            <Grid item xs={12} md={3}>
              <Contents pages={pages} current={current} />
            </Grid>
            <Grid item xs={12} md={9}>
              {current ? <Text page={current} pages={pages} /> : <NoSuchPage name={wanted ?? ''} />}
            </Grid>
          </Grid>
        )}
      </Content>
    </Layout>
  );
}

/** All pages; folded where there is no room for them beside the text. */
function Contents({ pages, current }: { pages: Page[]; current?: Page }) {
  const classes = useStyles();
  const isNarrow = useMediaQuery<Theme>(theme => theme.breakpoints.down('sm'));
  return (
    <InfoCard>
      {isNarrow ? (
        <details>
          <summary className={classes.fold}>All pages</summary>
          <Pages pages={pages} current={current} />
        </details>
      ) : (
        <Pages pages={pages} current={current} />
      )}
    </InfoCard>
  );
}

function Pages({ pages, current }: { pages: Page[]; current?: Page }) {
  const classes = useStyles();
  const [filter, setFilter] = useState('');
  const found = matching(pages, filter);
  return (
    <nav aria-label="Pages">
      <TextField id="find-a-page" fullWidth size="small" variant="outlined" label="Find a page" value={filter} onChange={event => setFilter(event.target.value)} />
      {found.length === 0 && (
        <Typography className={classes.group}>
          No page has this in its title. <Link to={searchPath(filter)}>Search in all texts</Link>
        </Typography>
      )}
      {groups(found).map(([folder, members]) => (
        <div key={folder} className={classes.menu}>
          <Typography className={classes.group}>{folder}</Typography>
          {members.map(page => (
            <Link
              key={page.path} to={`/docs/${page.path}`} aria-current={page.path === current?.path ? 'page' : undefined}
              className={page.path === current?.path ? classes.current : undefined}
            >
              {page.title}
            </Link>
          ))}
        </div>
      ))}
    </nav>
  );
}

function NoSuchPage({ name }: { name: string }) {
  return (
    <InfoCard title="There is no such page">
      <Typography>
        The docs have no page “{name}”. <Link to={searchPath(name.replace(/\.md$/, '').replace(/\W+/g, ' '))}>Search for it</Link>, or take
        one from the list.
      </Typography>
    </InfoCard>
  );
}

function Text({ page, pages }: { page: Page; pages: Page[] }) {
  const classes = useStyles();
  const { value, error, loading } = useRoute<{ text: string; headings: Heading[] }>(`docs/page?path=${encodeURIComponent(page.path)}`);
  const pictures = usePictures();
  const text = useRef<HTMLDivElement>(null);
  usePlace(text, value !== undefined);
  return (
    <InfoCard>
      {loading && <Progress />}
      {error && <Warning title="This page cannot be read" message={error.message} />}
      {value && (
        <div ref={text} className={classes.page}>
          <Outline headings={value.headings} />
          <Markdown text={value.text} headings={value.headings} page={page} pages={pages} pictures={pictures} />
        </div>
      )}
    </InfoCard>
  );
}

/** What is on a page, where there is more than can be seen at once. */
function Outline({ headings }: { headings: Heading[] }) {
  const classes = useStyles();
  const shown = headings.filter(({ level }) => level === 2 || level === 3);
  if (shown.length < 3) return null;
  return (
    <nav aria-label="On this page" className={`${classes.menu} ${classes.outline}`}>
      <Typography style={{ fontWeight: 700 }}>On this page</Typography>
      {shown.map(({ level, title, anchor }) => (
        <Link key={anchor} to={`#${anchor}`} className={level === 3 ? classes.deeper : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  );
}

/** Where the back end has the pictures of the docs. */
export function usePictures(): string {
  const discovery = useApi(discoveryApiRef);
  const [base, setBase] = useState('');
  useEffect(() => {
    discovery.getBaseUrl('backstack').then(url => setBase(`${url}/docs/files`), () => undefined);
  }, [discovery]);
  return base;
}

/** Scrolls to the heading that the address names, once it is there. */
function usePlace(text: React.RefObject<HTMLElement>, isThere: boolean) {
  const { hash, pathname } = useLocation();
  useEffect(() => {
    const frame = text.current;
    if (!isThere || !frame) return undefined;
    const name = decodeURIComponent(hash.slice(1));
    const go = () => {
      if (name) document.getElementById(name)?.scrollIntoView();
      else frame.closest('article')?.scrollIntoView();
    };
    go();
    if (!name) return undefined;
    // A picture above that comes later pushes it down.
    frame.addEventListener('load', go, true);
    const end = () => frame.removeEventListener('load', go, true);
    const timer = setTimeout(end, SETTLED);
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [text, isThere, hash, pathname]);
}
