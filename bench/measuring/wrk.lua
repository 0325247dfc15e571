-- Sends the request bodies of a file, one a line, in turn; prints one line of JSON when it is over. With a file of
-- headers, NAME: VALUE, each request has the next of them; none is sent twice before all are.
-- Run: wrk -s wrk.lua URL -- BODIES [HEADERS]
local requests, place = {}, 0

function init(arguments)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  local bodies = {}
  for body in io.lines(arguments[1]) do
    bodies[#bodies + 1] = body
  end
  if not arguments[2] then
    for number, body in ipairs(bodies) do
      requests[number] = wrk.format(nil, nil, nil, body)
    end
    return
  end
  for header in io.lines(arguments[2]) do
    local name, value = header:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
    requests[#requests + 1] = wrk.format(nil, nil, nil, bodies[#requests % #bodies + 1])
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  local form = '\nRESULT {"requests": %d, "microseconds": %d, "bytes": %d, "failed": %d, "p50": %d, "p99": %d}\n'
  io.write(form:format(
    summary.requests, summary.duration, summary.bytes, failed, latency:percentile(50), latency:percentile(99)
  ))
end
