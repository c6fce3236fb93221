import '@mantine/charts/styles.css'
import { BarChart } from '@mantine/charts'
import type { Arrived, Range } from '../api/activity'
import { crmNames, crms } from '../api/client'
import { compact } from './numbers'

const formats: Record<Range, Intl.DateTimeFormatOptions> = {
  '1h': { hour: '2-digit', minute: '2-digit' },
  '24h': { hour: '2-digit', minute: '2-digit' },
  '7d': { weekday: 'short', hour: '2-digit', minute: '2-digit' },
}
const colours = { brevo: 'teal.7', hubspot: 'orange.7', mautic: 'indigo.5', n8n: 'pink.6' }

interface ThroughputChartProps {
  rows: Arrived[]
  range: Range
  /** What a bucket is: "minute". */
  bucket: string
}

export default function ThroughputChart({ rows, range, bucket }: ThroughputChartProps) {
  const clock = new Intl.DateTimeFormat(undefined, formats[range])
  const all = rows.map((row) => crms.reduce((sum, crm) => sum + row[crm], 0))
  const total = all.reduce((sum, one) => sum + one, 0)
  return (
    <figure
      style={{ margin: 0 }}
      aria-label={`${compact(total)} contacts arrived; at most ${compact(Math.max(...all))} in one ${bucket}`}
    >
      <BarChart
        h={220}
        data={rows.map((row) => ({ ...row, time: clock.format(row.at) }))}
        dataKey="time"
        type="stacked"
        withLegend
        valueFormatter={compact}
        series={crms
          .filter((crm) => rows.some((row) => row[crm] > 0))
          .map((crm) => ({ name: crm, label: crmNames[crm], color: colours[crm] }))}
        barChartProps={{ accessibilityLayer: false }}
        xAxisProps={{ minTickGap: 40 }}
        tickLine="none"
        gridAxis="x"
      />
    </figure>
  )
}
