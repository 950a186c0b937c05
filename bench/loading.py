"""What a load over HTTP is made of: wrk's script of many different requests, and nginx that answers constants, the floor."""

# wrk sends `size` requests of the file in one write; each begins where the last one ended.
WRK_SCRIPT = """
local requests, size = {}, %d
for line in io.lines("%s") do
  local body = line:match("\\t(.*)$")
  requests[#requests + 1] = table.concat({"POST ", line:match("^[^\\t]*"), " HTTP/1.1\\r\\nHost: localhost\\r\\n%s",
    "Content-Type: application/json\\r\\nContent-Length: ", #body, "\\r\\n\\r\\n", body})
end
local next = math.random(#requests)
request = function()
  local first = next
  next = next + size
  if next > #requests - size + 1 then next = 1 end
  return table.concat(requests, "", first, first + size - 1)
end
"""

NGINX = """
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  default_type application/json;
  server {{
    listen 127.0.0.1:{port};
    location = /ofrep/v1/evaluate/flags {{
      {parts}
      return 200 {names};
    }}
    location / {{ return 200 '{single}'; }}
  }}
}}
"""

NGINX_WORD_BYTES = 4_000  # a word of its configuration is limited; a text may be of several


def nginx_config(directory, port, single, bulk):
    words = [bulk[i:i + NGINX_WORD_BYTES] for i in range(0, len(bulk), NGINX_WORD_BYTES)]
    return NGINX.format(directory=directory, port=port, single=single,
                        parts="\n      ".join(f"set $part{i} '{word}';" for i, word in enumerate(words)),
                        names="".join(f"$part{i}" for i in range(len(words))))


def wrk_script(requests, size, headers=()):
    """A file beside that of the requests; `headers` are pairs."""
    script = requests.with_suffix(f".{size}.lua")
    lines = "".join(f"{name}: {value}\\r\\n" for name, value in headers)
    script.write_text(WRK_SCRIPT % (size, requests, lines))
    return script
