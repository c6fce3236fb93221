import js from '@eslint/js'

export default [
  js.configs.recommended,
  {
    languageOptions: {
      globals: Object.fromEntries(
        [
          'AbortController',
          'Buffer',
          'Headers',
          'Request',
          'Response',
          'TextDecoderStream',
          'URL',
          'clearTimeout',
          'console',
          'fetch',
          'process',
          'setTimeout',
          'structuredClone',
        ].map((name) => [name, 'readonly']),
      ),
    },
    rules: { 'no-unused-vars': ['error', { varsIgnorePattern: '^_' }], eqeqeq: 'error', 'prefer-const': 'error' },
  },
]
