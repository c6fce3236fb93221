import { Alert, Button, Center, Code, PasswordInput, Stack, Text, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'
import { ApiError } from '../api/client'
import { useSignIn } from '../api/session'
import classes from '../ui/ui.module.css'

/** A link of the form /#token=... signs in by itself; the token then leaves the address. */
function takeTokenOfLink(): string {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? ''
  if (token) history.replaceState(null, '', location.pathname + location.search)
  return token
}

export function SignIn() {
  useDocumentTitle('Sign in · crmsync')
  const signIn = useSignIn()
  const [token, setToken] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  const linked = useRef(false)

  const enter = async (value: string) => {
    setBusy(true)
    setProblem('')
    try {
      await signIn(value)
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : 'That did not work')
      setBusy(false)
    }
  }

  useEffect(() => {
    const follow = () => {
      const value = takeTokenOfLink()
      if (value) void Promise.resolve().then(() => enter(value))
    }
    if (!linked.current) {
      linked.current = true
      follow()
    }
    // A link that is opened in this tab changes nothing else of the address.
    window.addEventListener('hashchange', follow)
    return () => window.removeEventListener('hashchange', follow)
  })

  return (
    <Center component="main" mih="100vh" p="md">
      <form
        className={classes.card}
        style={{ width: '100%', maxWidth: 400 }}
        onSubmit={(event) => {
          event.preventDefault()
          void enter(token)
        }}
      >
        <Stack>
          <div>
            <img src="/favicon.svg" alt="" width={32} height={32} />
            <Title order={1} mt="xs">
              Sign in to crmsync
            </Title>
            <Text size="sm" c="dimmed">
              Paste an access token. On the machine where crmsync runs, <Code>crmsync token</Code> makes one.
            </Text>
          </div>
          {problem && (
            <Alert color="red" variant="outline" role="alert" title="This token was refused">
              {problem}
            </Alert>
          )}
          <PasswordInput
            label="Token"
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
            autoFocus
            autoComplete="off"
            visibilityToggleButtonProps={{ 'aria-label': 'Show the token' }}
          />
          <Button type="submit" loading={busy} disabled={!token.trim()}>
            Sign in
          </Button>
        </Stack>
      </form>
    </Center>
  )
}
