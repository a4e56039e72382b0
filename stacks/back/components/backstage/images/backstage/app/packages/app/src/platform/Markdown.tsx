// A page of the documentation: with anchors, pictures and diagrams.
import { Children, lazy, ReactNode, Suspense, useMemo } from 'react';
import { CodeSnippet, Link } from '@backstage/core-components';
import { makeStyles } from '@material-ui/core/styles';
import ReactMarkdown, { Components } from 'react-markdown';
import gfm from 'remark-gfm';
import type { Heading, Page } from '@backstack/common';
import { readFlowchart } from './flowchart';
import { linkForPortal, pictureForPortal, withAnchors } from './markdown';

const Diagram = lazy(() => import('./Diagram').then(module => ({ default: module.Diagram })));

const useStyles = makeStyles(theme => ({
  text: {
    maxWidth: 860,
    lineHeight: 1.6,
    overflowWrap: 'anywhere',
    '& h1, & h2, & h3, & h4': { lineHeight: 1.25, scrollMarginTop: 16 },
    '& h1': { fontSize: 30, margin: theme.spacing(0, 0, 2) },
    '& h2': { fontSize: 23, margin: theme.spacing(4, 0, 1.5) },
    '& h3': { fontSize: 19, margin: theme.spacing(3, 0, 1) },
    '& a': { color: theme.palette.primary.main, textDecoration: 'underline' },
    '& img': { display: 'block', maxWidth: '100%', height: 'auto', borderRadius: 8, border: `1px solid ${theme.palette.divider}` },
    '& :not(pre) > code': { fontSize: '0.92em', padding: '1px 4px', borderRadius: 4, backgroundColor: theme.palette.action.hover },
    '& pre': { borderRadius: 8, overflowX: 'auto', padding: theme.spacing(1), backgroundColor: theme.palette.action.hover },
    '& pre pre': { padding: 0 },
  },
  table: {
    overflowX: 'auto',
    '& table': { borderCollapse: 'collapse', overflowWrap: 'normal' },
    '& th, & td': { border: `1px solid ${theme.palette.divider}`, padding: theme.spacing(0.75, 1.25), textAlign: 'left', verticalAlign: 'top' },
  },
}));

type Props = { text: string; headings: Heading[]; page: Page; pages: Page[]; pictures: string };

export function Markdown({ text, headings, page, pages, pictures }: Props) {
  const classes = useStyles();
  const components = useMemo<Components>(
    () => ({
      a: ({ href, children }) => {
        const to = href && linkForPortal(href, page.path, pages);
        return to ? <Link to={to}>{children}</Link> : <>{children}</>;
      },
      img: ({ src, alt }) => {
        const picture = src && pictureForPortal(src, page.path);
        return picture && pictures ? <Picture address={`${pictures}/${picture}`} alt={alt ?? ''} /> : <em>{alt}</em>;
      },
      table: ({ children }) => (
        <Scrollable className={classes.table}>
          <table>{children}</table>
        </Scrollable>
      ),
      pre: ({ children }) => <>{children}</>,
      code: ({ inline, className, children }) => {
        if (inline) return <code>{children}</code>;
        return <Block language={/language-(\w+)/.exec(className ?? '')?.[1]} text={textOf(children).replace(/\n$/, '')} />;
      },
    }),
    [classes, page, pages, pictures],
  );
  const anchors = headings.map(each => each.anchor);
  return (
    <ReactMarkdown className={classes.text} remarkPlugins={[gfm]} rehypePlugins={[[withAnchors, { anchors }]]} components={components}>
      {text}
    </ReactMarkdown>
  );
}

/** As wide as the text at most; whole, in a window of its own, for whoever wants to see more of it. */
function Picture({ address, alt }: { address: string; alt: string }) {
  return (
    <a href={address} target="_blank" rel="noopener" title="Show the whole picture">
      <img src={address} alt={alt} loading="lazy" />
    </a>
  );
}

function textOf(children: ReactNode): string {
  return Children.toArray(children).filter(each => typeof each === 'string').join('');
}

/** What may be wider than the page: with the keyboard it is reached, too. */
function Scrollable({ className, children }: { className?: string; children: ReactNode }) {
  // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keyboard
  return <div className={className} tabIndex={0} role="group" aria-label="Wide content">{children}</div>;
}

function Block({ language, text }: { language?: string; text: string }) {
  const chart = language === 'mermaid' ? readFlowchart(text) : undefined;
  if (chart) {
    return (
      <Suspense fallback={null}>
        <Diagram chart={chart} />
      </Suspense>
    );
  }
  return language && language !== 'text' ? (
    <CodeSnippet language={language === 'mermaid' ? 'text' : language} text={text} showCopyCodeButton />
  ) : (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keyboard
    <pre tabIndex={0}>
      <code>{text}</code>
    </pre>
  );
}
