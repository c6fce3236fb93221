import { spawn } from 'node:child_process'

import { Waiter } from './waiter.js'

/** A child process whose output can be waited for. Does not outlive the tests. */
export class Program {
  output = ''
  #child
  #ended = false
  #waiter = new Waiter()

  constructor(command, args, env = process.env, input = '') {
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
    const kill = () => this.#child.kill('SIGKILL')
    process.once('exit', kill)
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text
        this.#waiter.wake()
      })
    }
    this.#child.once('close', () => {
      process.off('exit', kill)
      this.#ended = true
      this.#waiter.wake()
    })
    this.#child.stdin.on('error', () => {}) // It may end without reading.
    this.#child.stdin.end(input)
  }

  get pid() {
    return this.#child.pid
  }

  /** The match in what it says, once it has said it. */
  waitFor(pattern) {
    return this.#waiter.until(
      () => {
        const match = this.output.match(pattern)
        if (!match && this.#ended) throw new Error(`ended without ${pattern}:\n${this.output}`)
        return match
      },
      () => `never said ${pattern}:\n${this.output}`,
    )
  }

  /** Waits for its end: its exit code, or null when a signal ended it. */
  async end() {
    await this.#waiter.until(
      () => this.#ended,
      () => `does not end:\n${this.output}`,
    )
    return this.#child.exitCode
  }

  stop() {
    this.#child.kill()
    return this.end()
  }
}
