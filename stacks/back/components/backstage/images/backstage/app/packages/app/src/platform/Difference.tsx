// How a file changes: what comes and what goes, by sign and colour, and a little of what stays around it.
import { makeStyles } from '@material-ui/core/styles';
import type { Line } from '@backstack/common';

/** As what a line is shown. */
const LOOKS = { '+': 'comes', '-': 'goes', ' ': undefined } as const;

/** So many lines are shown of what stays, above and below of what does not. */
const AROUND = 3;

const useStyles = makeStyles(theme => {
  const isDark = theme.palette.type === 'dark';
  return {
    file: {
      margin: 0,
      padding: theme.spacing(1, 0),
      overflowX: 'auto',
      fontSize: 13,
      lineHeight: 1.5,
      border: `1px solid ${theme.palette.divider}`,
      borderRadius: 6,
      color: theme.palette.text.primary,
      backgroundColor: isDark ? '#0c1322' : '#ffffff',
    },
    line: { display: 'block', minWidth: 'max-content', padding: theme.spacing(0, 1.5) },
    comes: { backgroundColor: isDark ? '#123821' : '#e3f7e8', color: isDark ? '#c5f5d3' : '#0b4020' },
    goes: { backgroundColor: isDark ? '#481a1c' : '#fdeaea', color: isDark ? '#ffd9d6' : '#6b1212' },
    fold: { color: theme.palette.text.secondary, fontStyle: 'italic' },
  };
});

export function Difference({ lines, label }: { lines: Line[]; label: string }) {
  const classes = useStyles();
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keyboard
    <pre className={classes.file} tabIndex={0} role="group" aria-label={label} data-testid="difference">
      {shown(lines).map((each, index) => {
        if ('folded' in each) return <span key={index} className={`${classes.line} ${classes.fold}`}>{`  … ${each.folded} lines as they are`}</span>;
        const look = LOOKS[each.mark];
        return <span key={index} className={look ? `${classes.line} ${classes[look]}` : classes.line} data-mark={each.mark}>{`${each.mark} ${each.text}`}</span>;
      })}
    </pre>
  );
}

type Shown = Line | { folded: number };

/** The lines around what differs; all, where nothing does. */
export function shown(lines: Line[]): Shown[] {
  const differs = (index: number) => lines[index] !== undefined && lines[index].mark !== ' ';
  if (lines.every((_, index) => !differs(index))) return lines;
  const isNear = (index: number) => Array.from({ length: 2 * AROUND + 1 }, (_, step) => index - AROUND + step).some(differs);
  const kept: Shown[] = [];
  for (const [index, line] of lines.entries()) {
    const last = kept[kept.length - 1];
    if (isNear(index)) kept.push(line);
    else if (last && 'folded' in last) last.folded += 1;
    else kept.push({ folded: 1 });
  }
  return kept;
}

/** A difference as Git writes it. What only names files and places is left out, but for the names of files. */
export function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((line): Line[] => {
    const file = /^\+\+\+ b\/(.*)/.exec(line) ?? /^--- a\/(.*)/.exec(line);
    if (/^(diff |index |new file|deleted file|similarity|@@|\\|\+\+\+|---)/.test(line) || line === '') {
      return file && line.startsWith('+++') ? [{ mark: ' ', text: `# ${file[1]}` }] : [];
    }
    const mark = line[0] === '+' || line[0] === '-' ? line[0] : ' ';
    return [{ mark, text: line.slice(1) }];
  });
}
