import { Button, Loader, Skeleton, Stack } from '@mantine/core'
import { IconCloudOff, IconLock } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { ApiError } from '../api/client'
import classes from './ui.module.css'

interface StateProps {
  icon?: ReactNode
  title: string
  children?: ReactNode
}

/** In place of what there is not: why, and what to do. */
export function Empty({ icon, title, children }: StateProps) {
  return (
    <div className={classes.state}>
      {icon}
      <span className={classes.stateTitle}>{title}</span>
      {children}
    </div>
  )
}

export function Failed({ error, retry }: { error: Error; retry: () => unknown }) {
  if (error instanceof ApiError && error.status === 403)
    return (
      <Empty icon={<IconLock size={28} aria-hidden />} title="Your role does not show this">
        {error.message}
      </Empty>
    )
  return (
    <div role="alert">
      <Empty icon={<IconCloudOff size={28} aria-hidden />} title="This could not be read">
        <span>{error.message}</span>
        <Button variant="default" size="xs" onClick={() => void retry()}>
          Try again
        </Button>
      </Empty>
    </div>
  )
}

export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <Stack gap="sm" aria-busy="true" aria-label="Loading" role="status">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={rows > 6 ? 36 : 96} radius="md" />
      ))}
    </Stack>
  )
}

export function PageLoading() {
  return (
    <div className={classes.state} role="status" aria-label="Loading">
      <Loader size="sm" />
    </div>
  )
}

interface Readable<T> {
  data: T | undefined
  error: Error | null
  refetch: () => unknown
}

/** The answer of a query, or what stands in its place. What was read stays when a later reading fails. */
export function Shown<T>({
  query,
  rows,
  children,
}: {
  query: Readable<T>
  rows?: number
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.error) return <Failed error={query.error} retry={query.refetch} />
  return <Loading rows={rows} />
}
