// Measures the dashboard of a program that runs, in a browser: `bench/run dashboard` starts it and shows the result.
// usage: web/node node web/e2e/measure.ts URL TOKEN     prints JSON
import { type Browser, chromium, type Page } from 'playwright-core'
import { chromium_path, chromium_switches } from './browser.ts'
import { judge } from './lighthouse.ts'

const [url = '', token = ''] = process.argv.slice(2)
const visits = 5
const scrolled_rows = 20_000

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

/** A browser without anything kept from before, but signed in. */
async function enter(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  const headers = { Authorization: `Bearer ${token}` }
  await page.request.post(`${url}/api/v3/session`, { headers })
  return page
}

/** From the request of the page until its rows are drawn and a click would be answered at once. */
async function interactive(browser: Browser): Promise<number> {
  const page = await enter(browser)
  await page.goto(`${url}/contacts`, { waitUntil: 'commit' })
  const took = await page.evaluate(async () => {
    while (!document.querySelector('[data-open]')) await new Promise(requestAnimationFrame)
    await new Promise((idle) => requestIdleCallback(idle))
    return performance.now()
  })
  await page.context().close()
  return took
}

/** From the last key or click until the answer is drawn. */
async function filter(page: Page, act: () => Promise<unknown>): Promise<number> {
  await page.evaluate(() => {
    const shown = () => document.querySelector('h1 + *')?.textContent
    const before = shown()
    const state = window as unknown as { answered: Promise<number> }
    state.answered = new Promise((resolve) => {
      let start = 0
      const begin = () => (start = performance.now())
      for (const kind of ['keydown', 'input', 'pointerdown']) addEventListener(kind, begin, { capture: true })
      const look = () => {
        const isAnswered = start > 0 && shown() !== before && !document.querySelector('[role=table][data-dim]')
        if (isAnswered) resolve(performance.now() - start)
        else requestAnimationFrame(look)
      }
      look()
    })
  })
  await act()
  return page.evaluate(() => (window as unknown as { answered: Promise<number> }).answered)
}

async function filters(page: Page): Promise<Record<string, number>> {
  await page.goto(`${url}/contacts`)
  await page.locator('[data-open]').first().waitFor()
  const search = page.getByRole('searchbox', { name: 'Search' })
  const status = async (crm: string, name: string) => {
    await page.getByRole('button', { name: `${crm}: ` }).click()
    const item = page.getByRole('menuitemradio', { name, exact: true })
    await item.waitFor()
    return filter(page, () => item.click())
  }
  const key = (name: string) => filter(page, () => search.press(name))
  const fill = (text: string) => filter(page, () => search.fill(text))
  return {
    status: await status('Brevo', 'Not selected'),
    'another status': await status('Brevo', 'Complete'),
    'all again': await status('Brevo', 'Any status'),
    'text of many': await key('7'),
    'text of some': await fill('person777'),
    'text of few': await key('8'),
  }
}

/** Rows go by at the pace of an impatient wheel; pages are read meanwhile. */
async function scroll(page: Page): Promise<{ rows: number; longest_task_ms: number; frames_per_second: number }> {
  await page.goto(`${url}/contacts`)
  await page.locator('[data-open]').first().waitFor()
  await page.waitForLoadState('networkidle')
  return page.evaluate(async (wanted) => {
    const scroller = document.querySelector('[role=table]')
    if (!scroller) throw new Error('There is no table')
    let longest = 0
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration)
    }).observe({ type: 'longtask' })
    const last = () => Number([...document.querySelectorAll('[data-index]')].at(-1)?.getAttribute('data-index'))
    const start = performance.now()
    let frames = 0
    for (let stuck = 0; last() < wanted && stuck < 300; ++frames) {
      const before = scroller.scrollTop
      scroller.scrollTop += 300
      await new Promise(requestAnimationFrame)
      stuck = scroller.scrollTop === before ? stuck + 1 : 0
    }
    await new Promise((done) => setTimeout(done, 500))
    const seconds = (performance.now() - start) / 1000
    return { rows: last(), longest_task_ms: longest, frames_per_second: frames / seconds }
  }, scrolled_rows)
}

const browser = await chromium.launch({ executablePath: chromium_path, args: chromium_switches })
const times: number[] = []
for (let visit = 0; visit < visits; ++visit) times.push(await interactive(browser))
const page = await enter(browser)
const filter_ms = await filters(page)
const scrolling = await scroll(page)
await browser.close()
const score = async (path: string) => (await judge(url, token, path, ['performance'])).scores.performance
console.log(
  JSON.stringify({
    visits,
    interactive_ms: median(times),
    interactive_max_ms: Math.max(...times),
    filter_ms,
    ...scrolling,
    performance: { overview: await score('/'), contacts: await score('/contacts') },
  }),
)
