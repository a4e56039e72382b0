// What the platform says of a form while it is filled in: asked when somebody stops typing, and shown at the fields.
import { createContext, ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { toError } from '@backstage/errors';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import type { Finding, Preview } from '@backstack/common';
import { useCall } from './api';

/** So long nobody types before the platform is asked. */
export const QUIET_MS = 700;

export type Asked = { value?: Preview; error?: string; waiting: boolean };

/** What a route says of a form's values; nothing is asked without any. What is shown stays until the next answer. */
export function usePreview(route: string, body: unknown): Asked {
  const call = useCall();
  const question = body === undefined ? undefined : JSON.stringify(body);
  const [said, setSaid] = useState<{ question?: string; value?: Preview; error?: string }>({});
  useEffect(() => {
    if (question === undefined) return undefined;
    let gone = false;
    const tell = (answer: { value?: Preview; error?: string }) => !gone && setSaid({ question, ...answer });
    const ask = () => call<Preview>(route, JSON.parse(question)).then(value => tell({ value }), (error: unknown) => tell({ error: toError(error).message }));
    const timer = setTimeout(() => void ask(), QUIET_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [call, route, question]);
  if (question === undefined) return { waiting: false };
  return { value: said.value, error: said.error, waiting: said.question !== question };
}

/** Whether a form may be sent by what was said. Who could not be asked holds nothing up. */
export function isRefused({ value }: Asked): boolean {
  return (value?.findings ?? []).some(each => each.refuses);
}

type Place = {
  asked: Asked;
  /** The id that a form gives the field of a manifest; nothing for what it does not show. */
  idOf: (field: string) => string | undefined;
  /** Hears of the form's values. */
  hear?: (values: unknown) => void;
};

const Context = createContext<Place>({ asked: { waiting: false }, idOf: () => undefined });

/** Around a form whose fields show what is said of them. */
export function Findings({ children, ...place }: Place & { children: ReactNode }) {
  const { asked: { value: said, error, waiting }, idOf, hear } = place;
  const value = useMemo(() => ({ asked: { value: said, error, waiting }, idOf, hear }), [said, error, waiting, idOf, hear]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function usePlace(): Place & { findings: Finding[] } {
  const place = useContext(Context);
  return { ...place, findings: place.asked.value?.findings ?? [] };
}

/** The id of a manifest's field in a form, whose fields have ids like `root_spec_image`. */
export function formId(field: string, start: string): string {
  return [start, ...field.split(/[.[\]]+/).filter(Boolean)].join('_');
}

const useStyles = makeStyles(theme => ({
  said: { marginTop: theme.spacing(0.5), overflowWrap: 'anywhere', '& p': { margin: theme.spacing(0.5, 0) } },
  refused: { color: theme.palette.type === 'dark' ? '#ffb4ab' : '#b3261e' },
  warned: { color: theme.palette.type === 'dark' ? '#ffcf99' : '#8a4b08' },
}));

/** What is said, each as a sentence. Marks and words tell what is refused: not only colours. */
export function Said({ findings, withField = false }: { findings: Finding[]; withField?: boolean }) {
  const classes = useStyles();
  if (findings.length === 0) return null;
  return (
    <div role="status" className={classes.said}>
      {findings.map(({ field, policy, refuses, words }) => (
        <Typography key={`${field} ${words}`} variant="body2" className={refuses ? classes.refused : classes.warned} data-refuses={refuses} data-testid="finding">
          {refuses ? '✗ Refused: ' : '! Reported, not refused: '}
          {withField && field ? `${field}: ` : ''}
          {words}
          {policy ? ` (policy ${policy})` : ''}
        </Typography>
      ))}
    </div>
  );
}

/** In a line: that the platform was asked, or that it could not be. */
export function Told({ asked }: { asked: Asked }) {
  const { value, error, waiting } = asked;
  const silent = error ?? value?.silent;
  const text = silent
    ? `What the platform says of this could not be asked (${silent}). The pull request is judged all the same.`
    : waiting ? 'The platform is asked what it says of this…' : summary(value);
  return text ? <Typography variant="body2" color="textSecondary" role="status">{text}</Typography> : null;
}

function summary(value: Preview | undefined): string | undefined {
  if (!value) return undefined;
  const refused = value.findings.filter(each => each.refuses).length;
  if (refused > 0) return 'It would be refused: mend what is marked first.';
  return value.findings.length > 0 ? 'It would be accepted, and reported for what is marked.' : 'The platform has nothing against it.';
}
