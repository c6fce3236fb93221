import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { World } from './world.ts'

/** Where pictures of all pages go; none are made without it. */
const pictures = process.env.CRMSYNC_PICTURES
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const javascript_max = 250_000

const sample = '../src/app/sample/contacts.csv'

type Prepare = (page: Page) => Promise<unknown>
const click = (role: 'button' | 'checkbox' | 'combobox', name: string | RegExp) => (page: Page) =>
  page.getByRole(role, { name }).first().click()
const dialog: Prepare = (page) => page.getByRole('dialog').waitFor()

/** Every page, dialog and drawer: its name, its path, what shows it. */
const pages: { name: string; path: string; ready: string; prepare?: Prepare[] }[] = [
  { name: 'overview', path: '/', ready: '[data-crm=n8n]' },
  { name: 'contacts', path: '/contacts', ready: '[data-open]' },
  {
    name: 'contacts-selected',
    path: '/contacts',
    ready: '[data-open]',
    prepare: [click('checkbox', /^Select .*@/), click('button', 'Send to\u2026'), dialog],
  },
  {
    name: 'contact',
    path: '/contacts',
    ready: '[data-open]',
    prepare: [(page) => page.locator('[data-open]').first().click(), dialog],
  },
  { name: 'contact-add', path: '/contacts', ready: '[data-open]', prepare: [click('button', 'Add'), dialog] },
  {
    name: 'contacts-paste',
    path: '/contacts',
    ready: '[data-open]',
    prepare: [
      click('button', 'Paste a list'),
      (page) => page.getByLabel('E-mail addresses').fill('amara.smith@example.com, ghost@example.com, nobody'),
      click('button', /^Look up/),
      (page) => page.getByText('Not an address').waitFor(),
    ],
  },
  { name: 'contacts-nothing', path: '/contacts?email_contains=nobody-at-all', ready: 'text=No contact matches' },
  { name: 'import', path: '/contacts/import', ready: 'text=CSV file' },
  {
    name: 'import-columns',
    path: '/contacts/import',
    ready: 'text=CSV file',
    prepare: [
      (page) => page.locator('input[type=file]').setInputFiles(sample),
      (page) => page.getByText('Which column is what').waitFor(),
    ],
  },
  { name: 'failures', path: '/failures', ready: 'text=What to do' },
  {
    name: 'failures-retry',
    path: '/failures',
    ready: 'text=What to do',
    prepare: [click('button', 'Retry\u2026'), dialog],
  },
  { name: 'connectors', path: '/connectors/brevo', ready: 'text=FIRSTNAME' },
  { name: 'connectors-problems', path: '/connectors/hubspot', ready: 'text=Some values do not arrive' },
  { name: 'rehearse', path: '/rehearse', ready: 'text=Nothing is rehearsed yet' },
  {
    name: 'rehearse-result',
    path: '/rehearse',
    ready: 'text=Nothing is rehearsed yet',
    prepare: [
      click('checkbox', 'Brevo'),
      click('checkbox', 'Mautic'),
      click('checkbox', 'Only those'),
      click('button', 'Rehearse'),
      (page) => page.getByText('Would be sent').nth(1).waitFor(),
    ],
  },
  { name: 'audit', path: '/audit', ready: 'role=cell' },
  { name: 'keys', path: '/keys', ready: 'text=There are no keys yet' },
  {
    name: 'keys-make',
    path: '/keys',
    ready: 'text=There are no keys yet',
    prepare: [click('button', 'Make a key'), dialog],
  },
  { name: 'help', path: '/', ready: '[data-crm=n8n]', prepare: [click('button', 'Keyboard'), dialog] },
  { name: 'no-such-page', path: '/nowhere', ready: 'text=There is no such page' },
]

/** Of README and documents; the others are looked at alone. */
const shown = [
  'overview',
  'contacts',
  'contact',
  'import-columns',
  'failures',
  'connectors',
  'rehearse-result',
  'audit',
]

/** A picture of the overview shows it at work. */
async function drawSomeSpeed(world: World, page: Page) {
  await world.run('sync', 'brevo', '--all')
  await world.run('sync', 'mautic', '--email-contains', 'example.com')
  await page.locator('.recharts-bar-rectangle').first().waitFor()
  await page
    .locator('[data-crm=brevo]')
    .getByText(/^[1-4]\d to go$/)
    .waitFor()
}

async function violations(page: Page): Promise<string[]> {
  // A tooltip of what the mouse last was on is no part of the page.
  await page.mouse.move(0, 0)
  await page.locator('[role=tooltip]').waitFor({ state: 'detached' })
  await page.evaluate(axe)
  const { violations: found } = (await page.evaluate('window.axe.run(document)')) as AxeResults
  return found.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`),
  )
}

describe('The pages', () => {
  let world: World

  before(async () => {
    world = await World.start(pictures ? {} : { BREVO_RATE_LIMIT_PER_SECOND: '200' })
    await world.run('import', sample)
    await world.faults(
      { match: { crm: 'brevo', email: 'elijah' }, effect: { kind: 'reject' } },
      { match: { crm: 'hubspot', email: 'amara.smith@' }, effect: { kind: 'reject' } },
    )
    const page = await world.enter('light', [])
    for (const crm of ['brevo', 'hubspot', 'n8n']) await world.run('select', crm, '--all')
    await page.locator('[data-crm=brevo]').getByText('8 failed').waitFor()
    await page.locator('[data-crm=n8n]').getByText('194 complete').waitFor()
    await page.context().close()
  })
  after(() => world?.stop())

  for (const theme of ['light', 'dark'] as const) describe(`in the ${theme} theme`, () => inTheme(theme, () => world))
})

function inTheme(theme: 'light' | 'dark', world_of: () => World) {
  let world: World
  let page: Page
  const complaints: string[] = []

  before(async () => (world = world_of()))
  after(() => page?.context().close())

  it('sign-in has no violation of accessibility', async () => {
    page = await world.open(theme, complaints)
    await page.goto(world.url)
    await page.getByRole('heading', { name: 'Sign in to crmsync' }).waitFor()
    assert.deepEqual(await violations(page), [])
    await page.getByLabel('Token', { exact: true }).fill(world.token)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  })

  for (const { name, path, ready, prepare } of pages)
    it(`${name} has no violation of accessibility`, async () => {
      await page.goto(world.url + path)
      await page.locator(ready).first().waitFor()
      for (const step of prepare ?? []) await step(page)
      if (pictures && name === 'overview') await drawSomeSpeed(world, page)
      if (pictures && shown.includes(name)) {
        mkdirSync(pictures, { recursive: true })
        await page.screenshot({ path: join(pictures, `${name}-${theme}.png`), animations: 'disabled' })
      }
      assert.deepEqual(await violations(page), [])
    })

  it('Everything is within reach on a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    for (const path of ['/', '/contacts', '/failures', '/connectors/brevo', '/rehearse', '/audit']) {
      await page.goto(world.url + path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      assert.ok(beyond <= 0, `${path} is ${beyond} pixels too wide`)
    }
    await page.getByRole('button', { name: 'Pages' }).click()
    await page.getByRole('link', { name: 'Contacts' }).waitFor()
    await page.setViewportSize({ width: 1280, height: 800 })
  })

  it('The browser had nothing to complain of, and asked nobody else', () => assert.deepEqual(complaints, []))
}

describe('The first visit', () => {
  let world: World
  before(async () => (world = await World.start()))
  after(() => world?.stop())

  it(`loads at most ${javascript_max} bytes of scripts`, async () => {
    const page = await world.open('light', [])
    const sizes = new Map<string, number>()
    page.on('response', (response) => {
      if (/\.js$/.test(response.url())) sizes.set(response.url(), Number(response.headers()['content-length']))
    })
    await page.goto(`${world.url}/#token=${world.token}`)
    await page.getByText('First steps').waitFor()
    const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    assert.ok(sizes.size > 1 && total > 10_000, `only ${total} bytes were seen`)
    assert.ok(total <= javascript_max, `${total} bytes: ${JSON.stringify([...sizes])}`)
  })
})
