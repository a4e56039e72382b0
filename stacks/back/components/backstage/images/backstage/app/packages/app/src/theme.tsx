// Two themes, light and dark, in the colours of the logo.
import { ThemeBlueprint } from '@backstage/plugin-app-react';
import { createBaseThemeOptions, createUnifiedTheme, genPageTheme, palettes, shapes, UnifiedThemeProvider } from '@backstage/theme';
import DarkIcon from '@material-ui/icons/Brightness2';
import LightIcon from '@material-ui/icons/WbSunny';

const NAVY = '#0f1f3d';
const BLUE = '#1f5fd1';
const TEAL = '#3ecfb2';
const FONT = 'Inter, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

const navigation = {
  background: NAVY,
  indicator: TEAL,
  color: '#c3cfe6',
  selectedColor: '#ffffff',
  navItem: { hoverBackground: '#1b3160' },
  submenu: { background: '#16294f' },
};

const band = genPageTheme({ colors: [NAVY, '#23508f'], shape: shapes.wave });
const pages = ['home', 'documentation', 'tool', 'service', 'website', 'library', 'other', 'app', 'apis', 'card'];
const pageTheme = Object.fromEntries(pages.map(page => [page, band]));

const shape = {
  MuiCard: { styleOverrides: { root: { borderRadius: 10 } } },
  MuiButton: { styleOverrides: { root: { textTransform: 'none' as const, fontWeight: 600, borderRadius: 8 } } },
  MuiChip: { styleOverrides: { root: { borderRadius: 6 } } },
};

/** What upstream paints in a grey of its own in the dark. */
const darkShape = {
  ...shape,
  MuiChip: { styleOverrides: { root: { borderRadius: 6, backgroundColor: '#33415f', color: '#e6ecf7' } } },
};

function theme(palette: typeof palettes.light | typeof palettes.dark, colors: Record<string, unknown>, components: object = shape) {
  return createUnifiedTheme({
    ...createBaseThemeOptions({ palette: { ...palette, navigation, ...colors } as typeof palettes.light }),
    fontFamily: FONT,
    defaultPageTheme: 'home',
    pageTheme,
    components,
  });
}

const light = theme(palettes.light, {
  primary: { main: BLUE },
  secondary: { main: '#0f766e' },
  background: { default: '#f4f6fa', paper: '#ffffff' },
});

const dark = theme(palettes.dark, {
  primary: { main: '#7fb2ff', dark: '#4a86e0' },
  secondary: { main: TEAL },
  background: { default: '#10182a', paper: '#18223a' },
  border: '#43557f',
}, darkShape);

export const lightTheme = ThemeBlueprint.make({
  name: 'light',
  params: {
    theme: {
      id: 'light',
      title: 'Light',
      variant: 'light',
      icon: <LightIcon />,
      Provider: ({ children }) => <UnifiedThemeProvider theme={light} children={children} />,
    },
  },
});

export const darkTheme = ThemeBlueprint.make({
  name: 'dark',
  params: {
    theme: {
      id: 'dark',
      title: 'Dark',
      variant: 'dark',
      icon: <DarkIcon />,
      Provider: ({ children }) => <UnifiedThemeProvider theme={dark} children={children} />,
    },
  },
});
