/** Debian's Chromium, as it runs without a screen and talks to nobody but us. */
export const chromium_path = process.env.CHROMIUM ?? '/usr/bin/chromium'
export const chromium_switches = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
]
