-- Asks with the tokens of a file, one after the other; an empty line asks without a token.

local requests = {}
local next_one = 0

function init(arguments)
  for token in io.lines(arguments[1]) do
    local headers = { Host = wrk.headers.Host }
    if token ~= "" then headers.Authorization = "Bearer " .. token end
    requests[#requests + 1] = wrk.format("GET", "/authorize", headers)
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

-- Refusals are not errors here: which status comes was looked at before.
function done(summary, latency, _)
  local errors = summary.errors
  print(string.format("measured %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(99), errors.connect + errors.read + errors.write + errors.timeout))
end
