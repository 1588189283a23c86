#!/bin/bash
# bench/http.sh PROGRAM [SECONDS]: requests a second of slipway_http_bench and of nginx `return` with a body of the same
# size, both over TLS on one core (CORE, default 0), with wrk on another (WRK_CORE, default 1), in turns. Prints the ratio
# of each round and their median.
set -eu
program=$(realpath "$1")
seconds=${2:-5}
core=${CORE:-0}
wrk_core=${WRK_CORE:-1}
connections=${CONNECTIONS:-16}
rounds=${ROUNDS:-3}
folder=$(mktemp -d)
nginx_port=${NGINX_PORT:-18443}
cleanup() {
  [ -n "${server:-}" ] && kill "$server" 2>/dev/null
  [ -f "$folder/nginx.pid" ] && kill "$(cat "$folder/nginx.pid")" 2>/dev/null
  rm -rf "$folder"
}
trap cleanup EXIT

mkfifo "$folder/stdin"
taskset -c "$core" "$program" "$folder/tls" <"$folder/stdin" >"$folder/url" 2>"$folder/log" &
server=$!
exec 9>"$folder/stdin"
until [ -s "$folder/url" ]; do kill -0 "$server"; done
url=$(head -1 "$folder/url")

body=$(head -c 600 /dev/zero | tr '\0' x)
cat >"$folder/nginx.conf" <<CONF
worker_processes 1;
pid $folder/nginx.pid;
error_log $folder/error.log;
events { worker_connections 512; }
http {
  access_log $folder/access.log combined buffer=64k;
  keepalive_requests 1000000000;
  client_body_temp_path $folder/b; proxy_temp_path $folder/p; fastcgi_temp_path $folder/f;
  uwsgi_temp_path $folder/u; scgi_temp_path $folder/s;
  server {
    listen 127.0.0.1:$nginx_port ssl;
    ssl_certificate $folder/tls/server.pem;
    ssl_certificate_key $folder/tls/server.key;
    location / { default_type application/json; return 200 "$body"; }
  }
}
CONF
taskset -c "$core" nginx -p "$folder" -c "$folder/nginx.conf"

rate() { taskset -c "$wrk_core" wrk -t1 -c"$connections" -d"${seconds}s" "$1" | awk '/Requests\/sec/ {print $2}'; }
rate "$url/bench/describe" >/dev/null
ratios=()
for _ in $(seq "$rounds"); do
  ours=$(rate "$url/bench/describe")
  theirs=$(rate "https://127.0.0.1:$nginx_port/bench/describe")
  ratio=$(awk -v a="$ours" -v b="$theirs" 'BEGIN {printf "%.3f", a / b}')
  ratios+=("$ratio")
  echo "slipway $ours/s  nginx $theirs/s  ratio $ratio"
done
printf '%s\n' "${ratios[@]}" | sort | awk '{r[NR] = $1} END {print "median ratio " r[int((NR + 1) / 2)]}'
