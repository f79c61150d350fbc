-- wrk's part of ./bench: posts the bodies of a file in turn.
local requests, position = {}, 0

function init()
  local headers = { ["Content-Type"] = "application/json" }
  local token = os.getenv("TOKEN")
  if token ~= "" then
    headers["Authorization"] = "Bearer " .. token
  end
  for body in io.lines(os.getenv("BODIES")) do
    table.insert(requests, wrk.format("POST", nil, headers, body))
  end
end

-- With PAUSE_MS each connection waits before each request, for that long on average.
local pause = tonumber(os.getenv("PAUSE_MS"))
if pause then
  function delay()
    return math.random(0, 2 * pause)
  end
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("RESULT rate %.1f", summary.requests / (summary.duration / 1e6)))
  print(string.format("RESULT p50 %.3f", latency:percentile(50) / 1000))
  print(string.format("RESULT p99 %.3f", latency:percentile(99) / 1000))
  print(string.format("RESULT failed %d", errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
