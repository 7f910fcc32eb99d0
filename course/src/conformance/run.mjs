// Runs the public HTTP cache tests against one address, and prints what came of each as JSON.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [tests, base] = process.argv.slice(2)
const from = path => import(pathToFileURL(`${tests}/${path}`))
const fetch = createRequire(`${tests}/cli.mjs`)('node-fetch')
const { runTests, getResults } = await from('client/runner.mjs')
const suites = (await from('tests/index.mjs')).default

await runTests(suites, fetch, false, base)
const results = getResults()
const all = suites.flatMap(suite => suite.tests.map(test => {
  const result = results[test.id]
  return {
    id: test.id,
    suite: suite.id,
    kind: test.kind ?? 'required',
    browser: test.browser_only === true,
    passed: result === true,
    said: Array.isArray(result) ? `${result[0]}: ${result[1]}` : ''
  }
}))
console.log(JSON.stringify(all))
