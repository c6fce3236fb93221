import { createTheme, type CSSVariablesResolver } from '@mantine/core'

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 7, dark: 8 },
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.35rem', lineHeight: '1.3' }, h2: { fontSize: '1rem', lineHeight: '1.4' } },
  },
  cursorType: 'pointer',
})

/** Mantine's own grey for secondary text is too pale for WCAG AA on our surfaces. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5c636b',
    '--mantine-color-placeholder': '#687078',
    '--mantine-color-body': '#ffffff',
    '--app-canvas': '#f6f7f9',
    '--app-line': '#e3e6ea',
    '--app-ok': '#1f7a3d',
    '--app-wait': '#2f55c8',
    '--app-warn': '#a45b00',
    '--app-bad': '#c02a2a',
    '--app-off': '#5c636b',
  },
  dark: {
    '--mantine-color-dimmed': '#a2a9b3',
    '--mantine-color-placeholder': '#949ca6',
    '--mantine-color-body': '#17191d',
    '--app-canvas': '#101215',
    '--app-line': '#2b2f36',
    '--app-ok': '#56c97d',
    '--app-wait': '#8ea6ff',
    '--app-warn': '#f0a848',
    '--app-bad': '#ff8484',
    '--app-off': '#949ca6',
  },
})
