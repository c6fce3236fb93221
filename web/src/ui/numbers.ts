const whole = new Intl.NumberFormat()
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 })
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })
const speed = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 })

export const count = (value: number) => whole.format(value)
export const compact = (value: number) => (value < 100_000 ? whole.format(value) : short.format(value))
export const perSecond = (value: number) => `${speed.format(value)}/s`

/** Rounded down: 99.99 % is not yet all. */
export const share = (value: number) => percent.format(Math.floor(value * 1000) / 1000)

export const plural = (value: number, one: string, many = `${one}s`) =>
  `${whole.format(value)} ${value === 1 ? one : many}`

/** As exactly as it was counted: what is more than that is estimated, or not counted any further. */
const counted_max = 10_000

/** "12", "about 512,000", "10,000 or more". */
export function amount(value: number, isEstimate: boolean): string {
  if (!isEstimate) return count(value)
  return value <= counted_max + 1 ? `${count(counted_max)} or more` : `about ${count(value)}`
}

export const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1)

/** "42 s", "3 min", "2 h 5 min", "3 d". */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.round(s / 60)} min`
  if (s < 86_400) {
    const minutes = Math.round((s % 3600) / 60)
    return minutes > 0 && minutes < 60 ? `${Math.floor(s / 3600)} h ${minutes} min` : `${Math.round(s / 3600)} h`
  }
  return `${Math.round(s / 86_400)} d`
}

/** "12 ms", "1.4 s". */
export const milliseconds = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${speed.format(ms / 1000)} s`)
