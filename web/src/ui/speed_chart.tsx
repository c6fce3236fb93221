import '@mantine/charts/styles.css'
import { AreaChart } from '@mantine/charts'
import { crmNames, crms } from '../api/client'
import type { Speeds } from '../api/pace'

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const colours = { brevo: 'teal.7', hubspot: 'orange.7', mautic: 'indigo.5', n8n: 'pink.6' }

export default function SpeedChart({ rows }: { rows: Speeds[] }) {
  const busiest = Math.max(...rows.flatMap((row) => crms.map((crm) => row[crm])))
  return (
    <figure style={{ margin: 0 }} aria-label={`Contacts per second by CRM; at most ${busiest.toFixed(1)} so far`}>
      <AreaChart
        h={220}
        data={rows.map((row) => ({ ...row, time: clock.format(row.at) }))}
        dataKey="time"
        type="stacked"
        curveType="monotone"
        withLegend
        withDots={false}
        fillOpacity={0.35}
        unit="/s"
        valueFormatter={(value) => value.toFixed(1)}
        series={crms
          .filter((crm) => rows.some((row) => row[crm] > 0))
          .map((crm) => ({ name: crm, label: crmNames[crm], color: colours[crm] }))}
        areaChartProps={{ accessibilityLayer: false }}
        tickLine="none"
        gridAxis="x"
      />
    </figure>
  )
}
