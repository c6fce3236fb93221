import { duration } from './numbers'
import { useNow } from './now'

const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const short = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' })

/** "3 min ago", "in 5 min"; the local date and UTC on hover. */
export function Ago({ at }: { at: string }) {
  const now = useNow()
  const seconds = (now - Date.parse(at)) / 1000
  return (
    <time dateTime={at} title={hover(at)}>
      {words(seconds)}
    </time>
  )
}

export function words(seconds: number): string {
  if (Math.abs(seconds) < 2) return 'now'
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`
}

export function hover(at: string): string {
  return `${local.format(new Date(at))} local\n${at.slice(0, 19).replace('T', ' ')} UTC`
}

/** The local date and time; UTC on hover. */
export function When({ at }: { at: string }) {
  return (
    <time dateTime={at} title={hover(at)}>
      {short.format(new Date(at))}
    </time>
  )
}
