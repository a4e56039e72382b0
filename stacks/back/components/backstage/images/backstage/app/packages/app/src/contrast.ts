// Colours that can be read: by the rule of WCAG, small text needs 4.5 times the light of what is behind it, or a 4.5th of it.
type Colour = [number, number, number];

const ENOUGH = 4.6;
const STEPS = 20;

/** A colour like this one that can be read on a background; the same where it can, nothing where either is not understood. */
export function legible(text: string, background: string): string | undefined {
  const [colour, behind] = [parse(text), parse(background)];
  if (!colour || !behind) return undefined;
  const end: Colour = light(behind) > 0.18 ? [0, 0, 0] : [255, 255, 255];
  for (let step = 0; step <= STEPS; step += 1) {
    const mixed = colour.map((each, index) => Math.round(each + ((end[index] - each) * step) / STEPS)) as Colour;
    if (ratio(mixed, behind) >= ENOUGH) return step === 0 ? text : `rgb(${mixed.join(', ')})`;
  }
  return undefined;
}

function ratio(one: Colour, other: Colour): number {
  const [more, less] = [light(one), light(other)].sort((a, b) => b - a);
  return (more + 0.05) / (less + 0.05);
}

function light(colour: Colour): number {
  const [red, green, blue] = colour.map(each => (each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** As browsers tell colours; one that lets others shine through is none. */
function parse(text: string): Colour | undefined {
  const [, red, green, blue, alpha = '1'] = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(text) ?? [];
  return red !== undefined && Number(alpha) === 1 ? [Number(red), Number(green), Number(blue)] : undefined;
}
