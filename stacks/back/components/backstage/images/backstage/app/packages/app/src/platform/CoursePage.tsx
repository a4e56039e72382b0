// The course: its tracks, the steps of each, and how far the learner is. What is to be done is checked in the terminal.
import { useEffect } from 'react';
import { CodeSnippet, Content, Header, InfoCard, Link, LinkButton, Page as Layout, Progress } from '@backstage/core-components';
import type { Course, Learner, Page, Step, StepText, Track } from '@backstack/common';
import { useSignal } from '@backstage/plugin-signals-react';
import Grid from '@material-ui/core/Grid';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import ArrowIcon from '@material-ui/icons/ArrowForward';
import { useParams } from 'react-router-dom';
import { useRoute } from './api';
import { currentStep, learnerIn, minutesOf, nextOf, othersIn, trackPath } from './course';
import { usePictures } from './DocsPage';
import { Markdown } from './Markdown';
import { Badge } from './parts';
import { Warning } from './Warning';

const useStyles = makeStyles(theme => ({
  steps: { margin: 0, paddingLeft: theme.spacing(3), display: 'flex', flexDirection: 'column', gap: theme.spacing(0.75) },
  current: { fontWeight: 700 },
  minutes: { color: theme.palette.text.secondary, fontSize: '0.85em', whiteSpace: 'nowrap' },
  next: { marginBottom: theme.spacing(3) },
  ways: { display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', gap: theme.spacing(1), marginTop: theme.spacing(3) },
}));

export function CoursePage() {
  const [name, step] = (useParams()['*'] ?? '').split('/');
  const { value, error, loading } = useCourse();
  const track = value?.tracks.find(each => each.name === name);
  return (
    <Layout themeId="documentation">
      <Header title={track?.title ?? 'Workshop'} subtitle="Learn the platform by using it: each step is checked on what really runs." />
      <Content>
        {loading && <Progress />}
        {error && <Warning title="The course cannot be read right now" message={error.message} />}
        {value && track && <OneTrack track={track} wanted={step} learner={learnerIn(track, value.learners)} />}
        {value && !track && <Tracks course={value} wanted={name} />}
      </Content>
    </Layout>
  );
}

/** The course; asked anew when the back end says that somebody has come further. */
function useCourse() {
  const course = useRoute<Course>('workshop');
  const { lastSignal } = useSignal('backstack:workshop');
  const { reload } = course;
  useEffect(() => {
    if (lastSignal) reload();
  }, [lastSignal, reload]);
  return course;
}

function Tracks({ course: { tracks, learners }, wanted }: { course: Course; wanted?: string }) {
  return (
    <>
      {wanted && <Warning title={`There is no track “${wanted}”`} message="Take one of these." />}
      {tracks.length === 0 && <Typography>This platform comes without a course.</Typography>}
      <Grid container spacing={3}>
        {tracks.map(track => (
          <Grid item xs={12} md={6} lg={4} key={track.name}>
            <TrackCard track={track} learner={learnerIn(track, learners)} others={othersIn(track, learners)} />
          </Grid>
        ))}
      </Grid>
    </>
  );
}

function TrackCard({ track, learner, others }: { track: Track; learner?: Learner; others: Learner[] }) {
  const classes = useStyles();
  const step = currentStep(track, learner);
  const words = [minutesOf(track), `${track.steps.length} steps`].filter(Boolean).join(' · ');
  return (
    <section aria-label={track.title} data-testid={`track-${track.name}`}>
      <InfoCard title={track.title} subheader={words}>
        {learner && <HowFar track={track} learner={learner} />}
        {others.map(each => <HowFar key={each.name} track={track} learner={each} />)}
        <Steps track={track} learner={learner} />
        <div className={classes.ways}>
          <LinkButton to={trackPath(track, step)} color="primary" variant="outlined" endIcon={<ArrowIcon />}>
            {learner ? 'Go on' : 'Begin'}
          </LinkButton>
        </div>
      </InfoCard>
    </section>
  );
}

function HowFar({ track, learner }: { track: Track; learner: Learner }) {
  const done = track.steps.filter(each => learner.done.includes(each.id)).length;
  const isThrough = done === track.steps.length;
  return (
    <Typography paragraph>
      <Badge tone={isThrough ? 'good' : 'neutral'}>{`${done} of ${track.steps.length} done`}</Badge> {learner.name}
    </Typography>
  );
}

function Steps({ track, learner, current }: { track: Track; learner?: Learner; current?: Step }) {
  const classes = useStyles();
  return (
    <ol className={classes.steps}>
      {track.steps.map(step => (
        <li key={step.id}>
          <Link
            to={trackPath(track, step)}
            aria-current={step === current ? 'step' : undefined}
            className={step === current ? classes.current : undefined}
          >
            {step.title}
          </Link>{' '}
          <span className={classes.minutes}>{minutesOf(step)}</span>
          {learner?.done.includes(step.id) && <span aria-label="done"> ✓</span>}
        </li>
      ))}
    </ol>
  );
}

function OneTrack({ track, wanted, learner }: { track: Track; wanted?: string; learner?: Learner }) {
  const step = track.steps.find(each => each.id === wanted) ?? currentStep(track, learner);
  return (
    <Grid container spacing={3}>
      <Grid item xs={12} md={3}>
        <InfoCard title="Steps" subheader={minutesOf(track)}>
          {learner && <HowFar track={track} learner={learner} />}
          <Steps track={track} learner={learner} current={step} />
        </InfoCard>
      </Grid>
      <Grid item xs={12} md={9}>
        <WhatNext track={track} learner={learner} />
        {step && <OneStep track={track} step={step} />}
      </Grid>
    </Grid>
  );
}

function WhatNext({ track, learner }: { track: Track; learner?: Learner }) {
  const classes = useStyles();
  const { words, command } = nextOf(track, learner);
  return (
    <div className={classes.next} data-testid="next">
      <InfoCard title="What to type next">
        <Typography>{words}</Typography>
        <CodeSnippet language="bash" text={command} showCopyCodeButton />
      </InfoCard>
    </div>
  );
}

function OneStep({ track, step }: { track: Track; step: Step }) {
  const { value, error, loading } = useRoute<StepText>(`workshop/${track.name}/${encodeURIComponent(step.id)}`);
  const { value: docs } = useRoute<{ items: Page[] }>('docs');
  const pictures = usePictures();
  return (
    <InfoCard>
      {loading && <Progress />}
      {error && <Warning title="This step cannot be read" message={error.message} />}
      {value && <Markdown text={value.text} headings={value.headings} page={{ path: value.page, title: track.title }} pages={docs?.items ?? []} pictures={pictures} />}
      <Neighbours track={track} step={step} />
    </InfoCard>
  );
}

function Neighbours({ track, step }: { track: Track; step: Step }) {
  const classes = useStyles();
  const place = track.steps.indexOf(step);
  const [before, after] = [track.steps[place - 1], track.steps[place + 1]];
  return (
    <nav className={classes.ways} aria-label="Steps before and after">
      {before ? <Link to={trackPath(track, before)}>← {before.title}</Link> : <Link to="/workshop">← All tracks</Link>}
      {after && <Link to={trackPath(track, after)}>{after.title} →</Link>}
    </nav>
  );
}
