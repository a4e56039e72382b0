// A diagram of the documentation.
import { DependencyGraph, DependencyGraphTypes } from '@backstage/core-components';
import { makeStyles } from '@material-ui/core/styles';
import { Chart, labelLines } from './flowchart';

const LINE = 18;
const LETTER = 7.4;
const PADDING = 12;

const useStyles = makeStyles(theme => ({
  box: { fill: theme.palette.background.default, stroke: theme.palette.text.secondary },
  text: { fill: theme.palette.text.primary, fontSize: 13 },
  // Lines run behind what stands at them.
  label: { stroke: theme.palette.background.paper, strokeWidth: 6, paintOrder: 'stroke' },
  frame: { margin: theme.spacing(2, 0), '& svg': { maxHeight: 900 } },
}));

export function Diagram({ chart }: { chart: Chart }) {
  const classes = useStyles();
  const direction = chart.direction === 'LR' ? DependencyGraphTypes.Direction.LEFT_RIGHT : DependencyGraphTypes.Direction.TOP_BOTTOM;
  const words = chart.edges.map(({ from, to, label }) => `${from} leads to ${to}${label && ` (${label})`}`).join('; ');
  return (
    <div className={classes.frame} role="figure" aria-label={`Diagram: ${words}.`}>
      <DependencyGraph
        nodes={chart.nodes}
        edges={chart.edges}
        direction={direction}
        nodeMargin={24}
        rankMargin={40}
        labelPosition={DependencyGraphTypes.LabelPosition.CENTER}
        labelOffset={4}
        zoom="disabled"
        showArrowHeads
        renderNode={({ node }) => <Box label={node.label} />}
        renderLabel={({ edge: { label } }) => (
          <text className={`${classes.text} ${classes.label}`} textAnchor="middle">
            {label}
          </text>
        )}
      />
    </div>
  );
}

function Box({ label }: { label: string }) {
  const classes = useStyles();
  const lines = labelLines(label);
  const width = Math.max(...lines.map(line => line.length)) * LETTER + 2 * PADDING;
  return (
    <g>
      <rect className={classes.box} width={width} height={lines.length * LINE + PADDING} rx={8} />
      {lines.map((line, index) => (
        <text key={line} className={classes.text} x={width / 2} y={PADDING / 2 + LINE * (index + 0.72)} textAnchor="middle">
          {line}
        </text>
      ))}
    </g>
  );
}
