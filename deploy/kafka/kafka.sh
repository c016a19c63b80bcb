#!/usr/bin/env bash
# A real Apache Kafka (KRaft, one node, 127.0.0.1 only) for tests, fetched from Maven Central by the mvn client.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: kafka.sh get             fetch Kafka with its dependencies (pinned in pom.xml) into the cache
       kafka.sh start DIR       format and start a node with data and log in DIR; prints HOST:PORT
       kafka.sh stop DIR        stop the node started in DIR
       kafka.sh run CMD [ARG…]  start a node, run CMD with OPINION_TEST_KAFKA=HOST:PORT, stop it; exits with CMD's code

Needs Java 17 and mvn. Exit code 3: something needed is missing here (said on stderr).
The cache is ${XDG_CACHE_HOME:-~/.cache}/opinion-stream; OPINION_KAFKA_CACHE names another place.
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")
cache=${OPINION_KAFKA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/opinion-stream}/kafka-$version
heap=${OPINION_KAFKA_HEAP:-1g}

missing() {
  echo "kafka.sh: $*" >&2
  exit 3
}

get() {
  # The copy of the pom is written last: with it the cache is whole, and one made from another pom is made anew.
  cmp -s "$here/pom.xml" "$cache/pom.xml" && return
  command -v mvn >/dev/null || missing "mvn not found; install Maven (Debian: apt-get install maven) to test on a real Kafka"
  echo "kafka.sh: fetching Apache Kafka $version into $cache ..." >&2
  mkdir -p "$cache"
  local libs
  libs=$(mktemp -d "$cache/libs.XXXXXX")
  if ! mvn -q -B -Dstyle.color=never -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$libs" >"$cache/mvn.log" 2>&1; then
    rm -rf "$libs"
    tail -n 3 "$cache/mvn.log" >&2
    missing "Kafka $version could not be fetched; is there a network? (whole log: $cache/mvn.log)"
  fi
  rm -rf "$cache/libs"
  mv "$libs" "$cache/libs"
  cp "$here/pom.xml" "$cache/pom.xml"
}

need_java() {
  command -v java >/dev/null || missing "java not found; install Java 17 (Debian: apt-get install openjdk-17-jre-headless)"
  local release
  release=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
  [ "${release:-0}" -ge 17 ] || missing "Apache Kafka $version needs Java 17, found Java ${release:-unknown}"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# A metadata request (version 1, about no topic) is answered with at least one broker: byte 12 counts them.
answers() (
  exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
  printf '\0\0\0\x16\0\x03\0\x01\0\0\0\x01\0\x08kafka.sh\0\0\0\0' >&3
  brokers=$(timeout 5 head -c 12 <&3 | od -An -tu1 -j11)
  [ "${brokers:-0}" -ge 1 ]
)

start() {
  local dir=$1 port controller
  need_java
  get
  mkdir -p "$dir"
  port=$(free_port)
  controller=$(free_port)
  cat >"$dir/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$dir/data
message.max.bytes=20971520
replica.fetch.max.bytes=20971520
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
offsets.topic.num.partitions=5
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
PROPERTIES
  local run=(java "-Xmx$heap" -Xms256m -Dlog4j2.configurationFile="$here/log4j2.yaml" -cp "$cache/libs/*")
  local id
  id=$("${run[@]}" kafka.tools.StorageTool random-uuid 2>>"$dir/kafka.log" | tail -n 1)
  "${run[@]}" kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties" >>"$dir/kafka.log" 2>&1
  nohup "${run[@]}" kafka.Kafka "$dir/server.properties" >>"$dir/kafka.log" 2>&1 </dev/null &
  echo $! >"$dir/kafka.pid"
  for _ in $(seq 600); do
    if ! kill -0 "$(cat "$dir/kafka.pid")" 2>/dev/null; then
      tail -n 5 "$dir/kafka.log" >&2
      echo "kafka.sh: Kafka ended while starting (log: $dir/kafka.log)" >&2
      exit 1
    fi
    if answers "$port"; then
      echo "127.0.0.1:$port"
      return
    fi
    sleep 0.1
  done
  echo "kafka.sh: Kafka did not answer within 60 s (log: $dir/kafka.log)" >&2
  exit 1
}

stop() {
  local dir=$1 pid
  [ -f "$dir/kafka.pid" ] || return 0
  pid=$(cat "$dir/kafka.pid")
  kill "$pid" 2>/dev/null || true
  for _ in $(seq 300); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -9 "$pid" 2>/dev/null || true
  rm -f "$dir/kafka.pid"
}

run() {
  local dir address code=0
  dir=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder is meant as it is now
  trap "'$here/kafka.sh' stop '$dir'; rm -rf '$dir'" EXIT
  address=$(start "$dir") || exit $?
  echo "kafka.sh: Apache Kafka $version on $address" >&2
  OPINION_TEST_KAFKA=$address "$@" || code=$?
  exit "$code"
}

case "${1:-}" in
get) get ;;
start) [ $# -eq 2 ] || { usage >&2; exit 2; }; start "$2" ;;
stop) [ $# -eq 2 ] || { usage >&2; exit 2; }; stop "$2" ;;
run) shift; [ $# -gt 0 ] || { usage >&2; exit 2; }; run "$@" ;;
-h | --help) usage ;;
*) usage >&2; exit 2 ;;
esac
