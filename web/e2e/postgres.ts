import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './port.ts'

/** Where Debian puts the newest server of this machine. */
function findPrograms(): string {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).map(Number) : []
  if (versions.length === 0) throw new Error('No PostgreSQL server is installed')
  return join(root, String(Math.max(...versions)), 'bin')
}

/** A PostgreSQL server of this process alone, with one empty database: on a free port, in a directory of its own. */
export class Postgres {
  readonly #programs = findPrograms()
  readonly #home = mkdtempSync(join(tmpdir(), 'crmsync-web-postgres-'))
  readonly url: string

  private constructor(port: number) {
    chmodSync(this.#home, 0o777)
    const data = join(this.#home, 'data')
    this.#run('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync')
    const options = `-p ${port} -c listen_addresses=127.0.0.1 -c fsync=off -k ${this.#home}`
    process.once('exit', this.#onExit)
    this.#run('pg_ctl', '-D', data, '-l', join(this.#home, 'log'), '-w', '-o', options, 'start')
    this.url = `postgresql://postgres@127.0.0.1:${port}/postgres`
  }

  static async start(): Promise<Postgres> {
    return new Postgres(await freePort())
  }

  /** As the server's user when we are root: PostgreSQL does not run as root. */
  #run(name: string, ...args: string[]) {
    const prefix = process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--'] : []
    execFileSync('/usr/bin/env', [...prefix, join(this.#programs, name), ...args], { stdio: 'ignore', cwd: '/' })
  }

  readonly #onExit = () => this.stop()

  stop() {
    process.off('exit', this.#onExit)
    this.#run('pg_ctl', '-D', join(this.#home, 'data'), '-m', 'immediate', '-w', 'stop')
    rmSync(this.#home, { recursive: true, force: true })
  }
}
