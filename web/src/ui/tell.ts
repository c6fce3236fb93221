import { notifications } from '@mantine/notifications'
import type { ReactNode } from 'react'
import { countMet } from '../api/operations'
import { plural } from './numbers'

export function tell(message: ReactNode, title?: string) {
  return notifications.show({ message, title, color: 'teal', withBorder: true })
}

export function tellFailure(error: unknown, title = 'That did not work') {
  const met = countMet(error)
  const message =
    met !== undefined
      ? `This meets ${plural(met, 'contact')}, more than you were shown. Nothing was changed: look again`
      : error instanceof Error
        ? error.message
        : String(error)
  notifications.show({ message, title, color: 'red', withBorder: true, autoClose: 12_000 })
}

/** Runs an action of a person: says what came of it, and never fails silently. */
export async function attempt<T>(work: () => Promise<T>, done: (result: T) => ReactNode): Promise<T | undefined> {
  try {
    const result = await work()
    tell(done(result))
    return result
  } catch (error) {
    tellFailure(error)
    return undefined
  }
}
