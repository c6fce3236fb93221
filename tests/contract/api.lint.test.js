import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'

import { DOCUMENT, FILE } from './lib/openapi.js'
import { Program } from './lib/program.js'

const { resolve } = createRequire(import.meta.url)
const beside = (name) => path.join(import.meta.dirname, name)
const LINTERS = {
  Redocly: [resolve('@redocly/cli/bin/cli.js'), 'lint', '--config', beside('redocly.yaml'), '--max-problems', '20'],
  Spectral: [
    resolve('@stoplight/spectral-cli/dist/index.js'),
    'lint',
    '--ruleset',
    beside('spectral.yaml'),
    '--fail-severity',
    'hint',
  ],
}

/** What a linter says of a document, and whether it found anything. */
async function lint([command, ...args], file) {
  const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' }
  const linter = new Program(process.execPath, [command, ...args, file], { ...process.env, ...quiet })
  const code = await linter.end()
  return {
    isClean: code === 0 && !/\bwarnings?\b/i.test(linter.output.replace(/\b0 warnings?/g, '')),
    said: linter.output,
  }
}

const MISTAKES = {
  'an example that its schema forbids': ({ components }) => (components.examples.Contact.value.retry_count = 'none'),
  'a call without a name': ({ paths }) => delete paths['/docs'].get.operationId,
  'a reference to nothing': ({ components }) => (components.schemas.Contact.properties.id.$ref = '#/nowhere'),
  'a schema that nobody uses': ({ components }) => (components.schemas.Unused = { type: 'string' }),
}

for (const [name, linter] of Object.entries(LINTERS)) {
  describe(`${name}, on the document of the API`, () => {
    let scratch

    before(async () => (scratch = await mkdtemp(path.join(tmpdir(), 'crmsync-contract-'))))
    after(() => rm(scratch, { recursive: true }))

    it('finds nothing', async () => {
      const { isClean, said } = await lint(linter, FILE)
      assert.ok(isClean, said)
    })

    for (const [what, make] of Object.entries(MISTAKES)) {
      it(`would find ${what}`, async () => {
        const document = structuredClone(DOCUMENT)
        make(document)
        const file = path.join(scratch, 'openapi.json')
        await writeFile(file, JSON.stringify(document))
        assert.ok(!(await lint(linter, file)).isClean)
      })
    }
  })
}
