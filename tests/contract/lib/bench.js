import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { Crmsync, Simulator } from './crmsync.js'
import { ValidatingProxy } from './prism.js'

/** A simulated CRM behind its vendor's document, and a crmsync that syncs with it through that. */
export class Bench {
  #key
  #scratch

  /** `key`: what the CRM is called with. */
  static async start(crm, key, document, settings) {
    const bench = new Bench()
    try {
      await bench.#start(crm, key, document, settings)
    } catch (error) {
      await bench.stop()
      throw error
    }
    return bench
  }

  async #start(crm, key, document, settings) {
    this.crm = crm
    this.#key = key
    this.#scratch = await mkdtemp(path.join(tmpdir(), 'crmsync-contract-'))
    this.simulator = await Simulator.start()
    this.proxy = await ValidatingProxy.start(document, this.simulator[crm], this.#scratch)
    const name = crm.toUpperCase()
    this.settings = { [`${name}_API_KEY`]: key, [`${name}_API_BASE_URL`]: this.proxy.url, ...settings }
    this.crmsync = await Crmsync.create(this.settings)
    await this.crmsync.serve()
  }

  /** Sends the contacts with that text in their address, and waits for the outcome of each: its state. */
  async sync(emailContains, count) {
    this.crmsync.forget()
    await this.crmsync.run(['sync', this.crm, '--email-contains', emailContains])
    return (await this.crmsync.settled(count)).map(({ state }) => state)
  }

  /** Imports contacts of one domain and sends them; all arrive. */
  async syncNew(contacts) {
    await this.crmsync.import(contacts)
    const states = await this.sync(contacts[0].email.replace(/.*@/, '@'), contacts.length)
    assert.deepEqual([...new Set(states)], ['completed'], this.crmsync.log)
  }

  /** Gives a contact another address and sends it; it arrives. */
  async move(from, to) {
    await this.crmsync.run(['contacts', 'edit', from, '--email', to])
    assert.deepEqual(await this.sync(to, 1), ['completed'], this.crmsync.log)
  }

  /** Sends a new contact of that domain, which the simulator answers with that fault. */
  async meet(domain, effect) {
    await this.crmsync.import([{ email: `a@${domain}` }])
    await this.simulator.faults({ match: { email: domain }, times: 1, effect })
    this.crmsync.forget()
    await this.crmsync.run(['sync', this.crm, '--email-contains', domain])
    await this.crmsync.attempted()
    await this.crmsync.run(['unselect', this.crm, '--email-contains', domain])
    await this.simulator.faults()
    await this.crmsync.run(['resume', this.crm])
  }

  /** What somebody else does at the CRM: behind the document's back. */
  async atCrm(method, target, body) {
    const headers = { 'api-key': this.#key, authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' }
    const answer = await fetch(this.simulator[this.crm] + target, { method, headers, body: JSON.stringify(body) })
    assert.ok(answer.ok, `${method} ${target}: ${answer.status} ${await answer.text()}`)
  }

  /** Asserts that such exchanges took place: "POST /contacts 201", or patterns of that. */
  saw(...shapes) {
    const seen = [...this.proxy.shapes]
    for (const shape of shapes) {
      const found = seen.some((each) => (shape instanceof RegExp ? shape.test(each) : each === shape))
      assert.ok(found, `no ${shape} among\n${seen.join('\n')}\n${this.crmsync.log}`)
    }
  }

  /**
   * Does what a test does. Fails with every request or answer that broke the vendor's document, the place in it and the
   * reason: whatever else went wrong is the consequence.
   */
  async keeping(test) {
    const outcome = await Promise.allSettled([test()])
    const broken = this.proxy
      .takeViolations()
      .map(
        ({ method, path, status, request, violations }) =>
          `${method} ${path} ${request}\n    -> ${status}\n${violations.map((each) => `    ${each}`).join('\n')}`,
      )
    const cause = outcome[0].reason
    assert.equal(broken.length, 0, new Error(`the vendor's document forbids\n${broken.join('\n')}`, { cause }))
    if (cause) throw cause
  }

  async stop() {
    await this.crmsync?.stop()
    await this.proxy?.stop()
    await this.simulator?.stop()
    await rm(this.#scratch ?? '', { recursive: true, force: true })
  }
}
