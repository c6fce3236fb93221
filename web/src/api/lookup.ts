import { api, ask, type Schemas } from './client'

/** As many as the API looks up at once. */
const emails_max = 10_000

export interface LookedUp {
  /** Of the contacts that were found, each once. */
  ids: string[]
  notFound: string[]
  invalid: Schemas['LookedUp']['invalid']
}

/** Whatever stands where an address should: what a person copied out of a mail program, a table or a text. */
export function addressesIn(text: string): string[] {
  return text.split(/[\n\r\t,;]+/).flatMap((piece) => {
    const bracketed = /<([^<>]+)>/.exec(piece)?.[1]
    if (bracketed !== undefined) return [bracketed.trim()]
    const words = piece.split(/\s+/).filter(Boolean)
    const addresses = words.filter((word) => word.includes('@'))
    // A name beside an address is none; a line without any is told of as it is.
    return addresses.length > 0 ? addresses.map(bare) : words.length > 0 ? [words.join(' ')] : []
  })
}

const bare = (word: string) => word.replace(/^(mailto:|["'([])+|["')\].:]+$/g, '')

export async function lookUp(emails: string[]): Promise<LookedUp> {
  const all: LookedUp = { ids: [], notFound: [], invalid: [] }
  const ids = new Set<string>()
  for (let at = 0; at < emails.length; at += emails_max) {
    const body = { emails: emails.slice(at, at + emails_max) }
    const answer = await ask(api.POST('/api/v3/contacts/lookup', { body }))
    for (const { contact_id } of answer.found) ids.add(contact_id)
    all.notFound.push(...answer.not_found)
    all.invalid.push(...answer.invalid)
  }
  return { ...all, ids: [...ids] }
}
