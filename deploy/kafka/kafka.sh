#!/usr/bin/env bash
# A real Apache Kafka (KRaft, one node, 127.0.0.1 only) for tests, fetched from Maven Central by the mvn client.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: kafka.sh get             fetch Kafka with its dependencies (pinned in pom.xml) into the cache
       kafka.sh start DIR       format and start a node with data and log in DIR; prints HOST:PORT
       kafka.sh secure DIR      the same with TLS, logins (SCRAM) and an authorizer that refuses what no rule allows;
                                DIR/users holds the users (name:password a line, "admin" may do all),
                                DIR/ca.pem and DIR/broker.pem the certificates (certificates.py makes them)
       kafka.sh stop DIR        stop the node started in DIR
       kafka.sh kill DIR        end it with SIGKILL, as a crash would
       kafka.sh again DIR       start the node of DIR once more, on the same data and port; prints HOST:PORT
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

# Settings of both kinds of node; the listeners stand before them.
common() {
  cat <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
log.dirs=$1/data
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
}

# Formats the storage (with the users of "$@") and starts the node; $1 DIR, $2 PORT.
launch() {
  local dir=$1 port=$2 id
  shift 2
  local run=(java "-Xmx$heap" -Xms256m -Dlog4j2.configurationFile="$here/log4j2.yaml" -cp "$cache/libs/*")
  id=$("${run[@]}" kafka.tools.StorageTool random-uuid 2>>"$dir/kafka.log" | tail -n 1)
  "${run[@]}" kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties" "$@" >>"$dir/kafka.log" 2>&1
  boot "$dir" "$port"
}

# Starts the node on the port that its properties name.
again() {
  local port
  need_java
  get
  port=$(sed -n 's,^advertised.listeners=[A-Z_]*://127.0.0.1:,,p' "$1/server.properties")
  boot "$1" "$port"
}

# Runs the node of DIR ($1) and waits until it answers on PORT ($2).
boot() {
  local dir=$1 port=$2
  local run=(java "-Xmx$heap" -Xms256m -Dlog4j2.configurationFile="$here/log4j2.yaml" -cp "$cache/libs/*")
  nohup "${run[@]}" kafka.Kafka "$dir/server.properties" >>"$dir/kafka.log" 2>&1 </dev/null &
  echo $! >"$dir/kafka.pid"
  for _ in $(seq 600); do
    if ! kill -0 "$(cat "$dir/kafka.pid")" 2>/dev/null; then
      tail -n 5 "$dir/kafka.log" >&2
      echo "kafka.sh: Kafka ended while starting (log: $dir/kafka.log)" >&2
      exit 1
    fi
    if [ -f "$dir/users" ] && (exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$port"); then
      echo "127.0.0.1:$port"
      return
    fi
    if [ ! -f "$dir/users" ] && answers "$port"; then
      echo "127.0.0.1:$port"
      return
    fi
    sleep 0.1
  done
  echo "kafka.sh: Kafka did not answer within 60 s (log: $dir/kafka.log)" >&2
  exit 1
}

start() {
  local dir=$1 port controller
  need_java
  get
  mkdir -p "$dir"
  port=$(free_port)
  controller=$(free_port)
  {
    common "$dir"
    cat <<PROPERTIES
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
PROPERTIES
  } >"$dir/server.properties"
  launch "$dir" "$port"
}

secure() {
  local dir=$1 port controller broker user password users=()
  need_java
  get
  for file in users ca.pem broker.pem; do
    [ -f "$dir/$file" ] || { echo "kafka.sh: $dir/$file is missing" >&2; exit 2; }
  done
  port=$(free_port)
  controller=$(free_port)
  broker=$(free_port)
  while IFS=: read -r user password; do
    [ -z "$user" ] || users+=(--add-scram "SCRAM-SHA-512=[name=$user,password=$password]")
  done <"$dir/users"
  {
    common "$dir"
    cat <<PROPERTIES
controller.quorum.voters=1@127.0.0.1:$controller
listeners=CLIENT://127.0.0.1:$port,BROKER://127.0.0.1:$broker,CONTROLLER://127.0.0.1:$controller
advertised.listeners=CLIENT://127.0.0.1:$port,BROKER://127.0.0.1:$broker
listener.security.protocol.map=CLIENT:SASL_SSL,BROKER:SSL,CONTROLLER:SSL
inter.broker.listener.name=BROKER
listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.broker.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location=$dir/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=$dir/ca.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:CN=kafka
allow.everyone.if.no.acl.found=false
PROPERTIES
  } >"$dir/server.properties"
  launch "$dir" "$port" "${users[@]}"
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

kill_node() {
  local dir=$1 pid
  [ -f "$dir/kafka.pid" ] || return 0
  pid=$(cat "$dir/kafka.pid")
  kill -9 "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
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
secure) [ $# -eq 2 ] || { usage >&2; exit 2; }; secure "$2" ;;
stop) [ $# -eq 2 ] || { usage >&2; exit 2; }; stop "$2" ;;
kill) [ $# -eq 2 ] || { usage >&2; exit 2; }; kill_node "$2" ;;
again) [ $# -eq 2 ] || { usage >&2; exit 2; }; again "$2" ;;
run) shift; [ $# -gt 0 ] || { usage >&2; exit 2; }; run "$@" ;;
-h | --help) usage ;;
*) usage >&2; exit 2 ;;
esac
