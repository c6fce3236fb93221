import type { Schemas } from '../api/client'

/** What a program that groups failures more finely tells as well. */
type Told = Schemas['FailureCause'] & { title?: string; without_field?: string | null }

/** The cause in words: "duplicate_sms" reads "Duplicate sms" where nothing better is told. */
export function causeTitle(cause: Told): string {
  const words = cause.title || cause.cause.replaceAll('_', ' ') || 'other reasons'
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The optional field that is to blame. */
export function withoutFieldOf(cause: Told): string | undefined {
  return cause.without_field ?? undefined
}
