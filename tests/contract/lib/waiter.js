const PATIENCE_MS = 30_000

/** Waits for what somebody else brings about: no polling, no sleeping. For one who waits at a time. */
export class Waiter {
  #wake = () => {}

  /** To be called whenever the condition may have changed. */
  wake() {
    this.#wake()
  }

  /** The first truthy result of `condition`; throws with what `describe` says when it takes too long. */
  async until(condition, describe) {
    const deadline = Promise.withResolvers()
    const timer = setTimeout(() => deadline.reject(new Error(describe())), PATIENCE_MS)
    try {
      for (;;) {
        const found = condition()
        if (found) return found
        const changed = new Promise((resolve) => (this.#wake = resolve))
        await Promise.race([changed, deadline.promise])
      }
    } finally {
      clearTimeout(timer)
    }
  }
}
