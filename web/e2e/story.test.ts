import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { type Database, World } from './world.ts'

const people = 40
/** In several alphabets and directions, and too long. */
const names = JSON.parse(readFileSync(new URL('names.json', import.meta.url), 'utf8')) as string[]

/** All but one line can be taken; one contact will be refused by Brevo. */
function leads(): string {
  const rows = Array.from(
    { length: people },
    (_, at) => `${names[at % names.length]},person${at}@example.com,+1 202 555 01${String(at).padStart(2, '0')}`,
  )
  return ['Who,Where to write,Number', ...rows, 'Nobody,no address,'].join('\n')
}

for (const database of ['SQLite', 'PostgreSQL'] as const)
  describe(`The story of a first day, on ${database}`, () => story(database))

function story(database: Database) {
  let world: World
  let page: Page
  const complaints: string[] = []

  before(async () => {
    world = await World.start({}, database)
    page = await world.open('light', complaints)
  })
  after(() => world?.stop())
  // Where it stopped, for whoever has to find out why.
  afterEach(async (test) => {
    const path = join(tmpdir(), `crmsync-web-failed-${database}.png`)
    if ((test as { error?: unknown }).error) await page.screenshot({ path })
  })

  const chips = (standing: string) => page.locator(`[role=cell] [data-standing=${standing}]`)
  const shown = (text: string | RegExp) => page.getByText(text).first().waitFor()
  const go = (name: string) => page.getByRole('navigation').getByRole('link', { name }).click()

  it('A wrong token is refused with the reason, a right one signs in', async () => {
    await page.goto(world.url)
    await page.getByLabel('Token', { exact: true }).fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await shown('The token is not a signed JWT')
    await page.getByLabel('Token', { exact: true }).fill(world.token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await shown('First steps')
    const cookies = await page.context().cookies(`${world.url}/api/v3/session`)
    assert.deepEqual(
      cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite })),
      [{ httpOnly: true, sameSite: 'Strict' }],
    )
  })

  it('A file with unusual columns is taken in, and the refused line is shown', async () => {
    await page.getByRole('link', { name: 'Import' }).click()
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'leads.csv', mimeType: 'text/csv', buffer: Buffer.from(leads()) })
    await shown('Which column is what')
    assert.ok(await page.getByRole('button', { name: 'Import', exact: true }).isDisabled(), 'without an address')
    const choose = async (field: string, column: string) => {
      await page.getByRole('combobox', { name: field, exact: true }).click()
      await page.getByRole('option', { name: column, exact: true }).click()
    }
    await choose('E-mail', 'Where to write')
    await choose('Name', 'Who')
    await choose('Phone', 'Number')
    await page.getByRole('cell', { name: 'person1@example.com' }).waitFor()
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await shown(`${people + 1} rows read`)
    await shown('malformed e-mail address (1)')
    await page.getByRole('cell', { name: `${people + 2}`, exact: true }).waitFor()
  })

  it('A search narrows the list, and the view is a link', async () => {
    await go('Contacts')
    await shown(`${people} in all`)
    await page.keyboard.press('/')
    await page.keyboard.type('person7@')
    await shown('1 match')
    assert.ok(page.url().endsWith('/contacts?search=person7%40'), page.url())
    await page.reload()
    await shown('1 match')
    assert.equal(await page.locator('[data-open]').count(), 1)
    await page.getByRole('button', { name: 'Show all contacts' }).click()
    await shown(`${people} in all`)
  })

  it('A pasted list picks those who are there, and tells who is not', async () => {
    await page.getByRole('button', { name: 'Paste a list' }).click()
    const dialog = page.getByRole('dialog')
    await dialog
      .getByLabel('E-mail addresses')
      .fill('person3@example.com, "Person Four" <PERSON4@example.com>\nghost@example.com\nnobody')
    await dialog.getByRole('button', { name: 'Look up 4 addresses' }).click()
    await dialog.getByText('Not found (1)').waitFor()
    await dialog.getByText('ghost@example.com', { exact: true }).waitFor()
    await dialog.getByText('Not an address (1)').waitFor()
    await dialog.getByRole('button', { name: 'Select 2 contacts' }).click()
    await page.getByRole('region', { name: 'Actions' }).getByText('2 contacts', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('region', { name: 'Actions' }).waitFor({ state: 'detached' })
  })

  it('An action asks again when it would meet more than were shown', async () => {
    await page.locator('[data-open]').first().waitFor()
    await page
      .getByRole('checkbox', { name: /^Select .*@/ })
      .first()
      .check()
    await page.getByRole('button', { name: `Take all ${people} that match` }).click()
    await page.getByRole('button', { name: 'Send to\u2026' }).click()
    await page.getByRole('checkbox', { name: 'n8n' }).check()
    const headers = { authorization: `Bearer ${world.token}` }
    const body = JSON.stringify({ email: 'late@example.com' })
    const late = await fetch(`${world.url}/api/v3/contacts`, { method: 'POST', headers, body })
    await page.getByRole('button', { name: `Send ${people} contacts` }).click()
    await shown(`The number changed: now ${people + 1}`)
    await page.getByRole('button', { name: `Send ${people + 1} contacts` }).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.keyboard.press('Escape')
    await fetch(new URL(late.headers.get('location') ?? '', world.url), { method: 'DELETE', headers })
  })

  it('All of them are sent to four CRMs and arrive live, but for the one that is refused', async () => {
    await world.faults({ match: { crm: 'brevo', email: 'person38@' }, effect: { kind: 'reject' } })
    await page.locator('[data-open]').first().waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.getByRole('region', { name: 'Actions' }).getByText('1 contact', { exact: true }).waitFor()
    await page.getByRole('button', { name: `Take all ${people} that match` }).click()
    await page.getByRole('button', { name: 'Send to\u2026' }).click()
    for (const crm of ['Brevo', 'HubSpot', 'Mautic', 'n8n']) await page.getByRole('checkbox', { name: crm }).check()
    await page.getByRole('button', { name: `Send ${people} contacts` }).click()
    await page.getByRole('region', { name: 'Actions' }).waitFor({ state: 'detached' })
    // Nothing is reloaded from here on: events bring it. Which rows are in sight is the database's choice.
    await chips('complete').first().waitFor()
    await go('Overview')
    for (const [crm, complete] of Object.entries({ brevo: people - 1, hubspot: people, mautic: people, n8n: people }))
      await page.locator(`[data-crm=${crm}]`).getByText(`${complete} complete`).waitFor()
    await page.locator('[data-crm=brevo]').getByText('1 failed').waitFor()
  })

  it('The failure says why; tried again, it arrives', async () => {
    await go('Failures')
    await shown('For example: Brevo API error: Contact refused')
    await page.getByRole('button', { name: 'Contacts' }).click()
    await page.getByRole('dialog').getByText('Brevo API error').waitFor()
    await page.getByRole('dialog').getByRole('link').click()
    await page.getByRole('dialog').getByText('Refused', { exact: true }).first().waitFor()
    await page.getByRole('dialog').getByText('What would be sent now').first().click()
    await page.getByRole('dialog').getByText('"email": "person38@example.com"').waitFor()
    await page.keyboard.press('Escape')
    await world.faults()
    await go('Failures')
    await page.getByRole('button', { name: 'Retry\u2026' }).click()
    await page.getByRole('button', { name: 'Try 1 contact again' }).click()
    await shown('Nothing has failed')
  })

  it('An edit shows who differs from what CRMs hold, and in what', async () => {
    await go('Contacts')
    await page.locator('[data-open]').first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Edit' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Somebody Else')
    await page.getByRole('button', { name: 'Save' }).click()
    await chips('changed').first().waitFor()
    await page.getByRole('dialog').getByText('What would be sent now').first().click()
    await page.getByText(/^Differs from what was acknowledged last in .*FIRSTNAME/).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Brevo: Any status. Filter' }).click()
    await page.getByRole('menuitemradio', { name: 'Changed since' }).click()
    await shown('1 match')
  })

  it('An outage is told, and so is its end; what waits for a retry need not wait', async () => {
    await world.faults({ match: { crm: 'brevo' }, effect: { kind: 'respond', status: 503 } })
    await go('Contacts')
    await page.getByRole('checkbox', { name: 'Select all rows that are shown' }).check()
    const toBrevo = async (open: string, confirm: string) => {
      await page.getByRole('button', { name: open }).click()
      await page.getByRole('checkbox', { name: 'Brevo' }).check()
      await page.getByRole('button', { name: `${confirm} ${people} contacts` }).click()
    }
    await toBrevo('Send to\u2026', 'Send')
    await go('Overview')
    await page.locator('[data-crm=brevo] [data-state="circuit open"]').waitFor()
    await world.faults()
    await page.locator('[data-crm=brevo] [data-state="circuit open"]').waitFor({ state: 'detached' })
    await go('Contacts')
    await page.getByRole('checkbox', { name: 'Select all rows that are shown' }).check()
    await toBrevo('Retry\u2026', 'Try again')
    await go('Overview')
    await page.locator('[data-crm=brevo]').getByText(`${people} complete`).waitFor()
  })

  it('What Brevo holds is read back', async () => {
    await page.goto(`${world.url}/connectors/brevo`)
    await page.getByRole('button', { name: 'Read back' }).click()
    await page.getByRole('definition').getByText(`${people}`, { exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Test the credentials' }).click()
    await shown(/^\u2713 /)
    await page.getByRole('button', { name: 'Send a test alert' }).click()
    await page.getByRole('status').filter({ hasText: 'Nobody would be told' }).waitFor()
  })

  it('What takes long is seen on every page, also after a reload, and can be stopped', async () => {
    const readBack = page.getByRole('button', { name: 'Read back' })
    await readBack.waitFor()
    await world.faults({ match: { crm: 'brevo' }, effect: { kind: 'none', latency_ms: 5_000 } })
    await readBack.click()
    const underWay = page.getByRole('region', { name: 'Under way' })
    await underWay.getByText('Reading back from Brevo').waitFor()
    await page.reload()
    await underWay.getByRole('progressbar', { name: 'Reading back from Brevo' }).waitFor()
    await underWay.getByRole('button', { name: 'Stop: Reading back from Brevo' }).click()
    await underWay.waitFor({ state: 'detached' })
    await shown(/^Reading back from Brevo was stopped after/)
    await world.faults()
  })

  it('A lost connection is told, and what was missed meanwhile is shown once it is back', async () => {
    await go('Contacts')
    await chips('complete').first().waitFor()
    const lost = page.getByText('No connection to crmsync')
    await world.crash()
    await lost.waitFor()
    assert.equal(await chips('skipped').count(), 0)
    await world.run('skip', 'n8n', '--all')
    await world.serve()
    // Nobody reloads the page.
    await chips('skipped').first().waitFor()
    await lost.waitFor({ state: 'detached' })
    await page.locator('[data-connection=live]:visible').waitFor()
  })

  it('A rehearsal tells what would happen', async () => {
    await go('Rehearse')
    await page.getByRole('checkbox', { name: 'Only those not selected there yet' }).uncheck()
    await page.getByRole('checkbox', { name: 'Mautic' }).check()
    await page.getByRole('button', { name: 'Rehearse', exact: true }).click()
    await shown(`${people} of ${people}`)
  })

  it('A selection can be paused, and everybody sees who did it', async () => {
    await go('Overview')
    await page.getByRole('button', { name: 'Pause n8n' }).click()
    await page.locator('[data-crm=n8n] [data-state=paused]').waitFor()
    await go('Audit')
    await page.getByRole('cell', { name: 'paused n8n' }).waitFor()
    await go('Overview')
    await page.getByRole('button', { name: 'Resume n8n' }).click()
    await page.locator('[data-crm=n8n] [data-state=paused]').waitFor({ state: 'detached' })
  })

  it('A viewer sees everything, and no action that would be refused', async () => {
    const viewer = await world.enter('light', complaints, (await world.run('token', '--role', 'viewer')).trim())
    const link = (name: string) => viewer.getByRole('navigation').getByRole('link', { name })
    await viewer.locator('[data-crm=brevo]').getByText(`${people} complete`).waitFor()
    assert.equal(await viewer.getByRole('button', { name: 'Pause Brevo' }).count(), 0)
    assert.equal(await link('Audit').count(), 0)
    await link('Contacts').click()
    await viewer.locator('[data-open]').first().waitFor()
    assert.equal(await viewer.getByRole('button', { name: 'Add' }).count(), 0)
    await viewer.getByRole('checkbox', { name: 'Select all rows that are shown' }).check()
    await viewer.getByRole('button', { name: 'Export' }).waitFor()
    assert.equal(await viewer.getByRole('button', { name: 'Send to\u2026' }).count(), 0)
    await viewer.goto(`${world.url}/audit`)
    await viewer.getByText('Your role does not show this').waitFor()
    await viewer.context().close()
  })

  it('A key for a machine is shown once, and opens nothing once it is revoked', async () => {
    await go('Keys')
    await page.getByRole('button', { name: 'Make a key' }).click()
    await page.getByLabel('Name').fill('scraper')
    await page.getByRole('button', { name: 'Make', exact: true }).click()
    const key =
      (await page
        .getByRole('dialog')
        .getByText(/^crmsync_/)
        .textContent()) ?? ''
    const status = async () =>
      (await fetch(`${world.url}/api/v3/contacts`, { headers: { authorization: `Bearer ${key}` } })).status
    assert.equal(await status(), 200)
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('button', { name: 'Revoke scraper' }).click()
    await page.getByRole('button', { name: 'Revoke', exact: true }).click()
    await page.getByRole('cell', { name: /^revoked/ }).waitFor()
    assert.equal(await status(), 401)
  })

  it('Signing out shows nothing to the next person', async () => {
    await page.getByRole('button', { name: 'You' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in to crmsync' }).waitFor()
    await page.goto(`${world.url}/contacts`)
    await page.getByRole('heading', { name: 'Sign in to crmsync' }).waitFor()
  })

  it('The browser had nothing to complain of, and asked nobody else', () => assert.deepEqual(complaints, []))
}
