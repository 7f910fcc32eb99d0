// The origin of the public HTTP cache tests, on loopback alone: their own listens on every address.
import http from 'node:http'
import { pathToFileURL } from 'node:url'

const [tests] = process.argv.slice(2)
const from = async name => (await import(pathToFileURL(`${tests}/server/${name}.mjs`))).default
const handlers = {
  config: await from('handle-config'),
  test: await from('handle-test'),
  state: await from('handle-state')
}

const server = http.createServer((request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname.split('/').slice(1)
  const handle = handlers[path.shift()]
  if (handle) return handle(path, request, response)
  response.statusCode = 404
  response.end()
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
