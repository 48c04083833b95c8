import scalar from '@scalar/fastify-api-reference'
import Fastify from 'fastify'

/**
 * What a page of ours may load: its own script, and the API itself for trying it out. Nothing from elsewhere.
 */
export const REFERENCE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // The script brings its style sheets along.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const CONFIGURATION = {
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
}

/**
 * The page of the API reference, with addresses relative to it. It has no inline script, so the policy needs to allow
 * none.
 */
export const REFERENCE_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>SMS gateway: API reference</title>
  </head>
  <body>
    <script id="api-reference" type="application/json" data-url="../openapi.json"
      data-configuration='${JSON.stringify(CONFIGURATION)}'></script>
    <script src="js/scalar.js"></script>
  </body>
</html>
`

/** Scalar's script: its plugin exposes the text only as a route. */
export async function readReferenceScript(): Promise<string> {
  const app = Fastify()
  await app.register(scalar, { routePrefix: '/docs', configuration: { url: '/openapi.json' } })
  const { body } = await app.inject('/docs/js/scalar.js')
  await app.close()
  // A source map that is not served would only cause a failed request.
  return body.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n')
}
