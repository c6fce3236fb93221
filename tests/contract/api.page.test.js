import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'

import jsdom from 'jsdom'

import { Served } from './lib/api.js'
import { OPERATIONS } from './lib/openapi.js'
import { Waiter } from './lib/waiter.js'

let served

before(async () => (served = await Served.start()))
after(() => served?.stop())

/** Opens the page as a browser does; `asked` are the addresses that it asks for by its scripts. */
async function open(url, asked) {
  const page = await jsdom.JSDOM.fromURL(url, {
    runScripts: 'dangerously',
    resources: 'usable',
    pretendToBeVisual: true,
    virtualConsole: new jsdom.VirtualConsole(),
    beforeParse(window) {
      Object.assign(window, { Headers, Request, Response, structuredClone })
      window.fetch = (request, options) => {
        const address = new URL(request.url ?? request, url)
        asked.push(address.href)
        return fetch(address, options)
      }
    },
  })
  return page.window
}

it('The page shows every call of the API, and asks nobody else', async () => {
  const url = `${served.crmsync.url}/docs`
  const asked = []
  const window = await open(url, asked)
  const shown = () => [...window.document.querySelectorAll('.opblock-summary')]
  const waiter = new Waiter()
  new window.MutationObserver(() => waiter.wake()).observe(window.document, { childList: true, subtree: true })
  await waiter.until(
    () => shown().length === OPERATIONS.length,
    () => `shows ${shown().length} of ${OPERATIONS.length} calls`,
  )
  const parts = [...window.document.querySelectorAll('script, link[rel=stylesheet]')].map(
    ({ src, href }) => src ?? href,
  )
  for (const address of [...asked, ...parts]) assert.ok(address.startsWith(served.crmsync.url), address)
  assert.deepEqual(asked, [`${served.crmsync.url}/openapi.json`])
  window.close()
})
