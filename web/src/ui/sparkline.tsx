import classes from './ui.module.css'

const height = 16

/** A row of bars, small enough for a card; its label says what they say. */
export function Sparkline({ values, label }: { values: number[]; label: string }) {
  const most = Math.max(1, ...values)
  return (
    <svg
      className={classes.sparkline}
      viewBox={`0 0 ${values.length} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      {values.map((value, at) => {
        const tall = value > 0 ? Math.max(2, (value / most) * height) : 0.5
        return (
          <rect key={at} x={at} y={height - tall} width={0.8} height={tall} data-tone={value > 0 ? 'bad' : undefined} />
        )
      })}
    </svg>
  )
}
