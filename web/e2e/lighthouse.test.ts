import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Category, judge } from './lighthouse.ts'
import { World } from './world.ts'

/** Performance is measured by `bench/run dashboard`: here it would depend on what else the machine does. */
const categories: Category[] = ['accessibility', 'best-practices']
const score_min = 95

describe('Lighthouse', () => {
  let world: World

  before(async () => {
    world = await World.start()
    await world.run('import', '../src/app/sample/contacts.csv')
  })
  after(() => world?.stop())

  for (const path of ['/', '/contacts'])
    it(`finds ${categories.join(' and ')} of ${path} to be at least ${score_min}`, async () => {
      const { scores, findings } = await judge(world.url, world.token, path, categories)
      for (const category of categories)
        assert.ok((scores[category] ?? 0) >= score_min, `${category} ${scores[category]}: ${findings.join('; ')}`)
    })
})
