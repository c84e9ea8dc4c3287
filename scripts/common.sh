# Sourced by the scripts beside it: where things are, and how they speak.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
run="${YUNHENG_RUN:-$root/.run}"
bin="$root/localcluster/bin"
kubectl="$bin/kubectl"
profile="${YUNHENG_PROFILE:-release}"
programs="$root/target/$([ "$profile" = release ] && echo release || echo debug)"
people=yunheng-people
system=yunheng-system
begun=$SECONDS

say() { printf '[%4d s] %s\n' "$((SECONDS - begun))" "$*"; }
fail() {
  printf '\nmake %s: %s\n' "${0##*/}" "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

need() { # need PROGRAM WHAT-FOR
  command -v "$1" >/dev/null || fail "$1 is not installed; it is needed $2." \
    "A machine for Yunheng has Rust 1.95, Go 1.26, Node 20 with npm 11, Python 3.11, make and git."
}

# alive NAME: whether the process that .run/NAME.pid names is still the one that was started.
alive() {
  local file="$run/$1.pid" pid exe
  [ -s "$file" ] || return 1
  read -r pid exe <"$file"
  [ -e "/proc/$pid/exe" ] || return 1
  case "$(readlink "/proc/$pid/exe")" in "$exe" | "$exe (deleted)") return 0 ;; *) return 1 ;; esac
}

# current NAME: whether it runs from the program that is on the disk now.
current() {
  local pid exe
  alive "$1" || return 1
  read -r pid exe <"$run/$1.pid"
  [ "$(readlink "/proc/$pid/exe")" = "$exe" ] && [ "$exe" -ot "$run/$1.pid" ]
}

# start NAME PROGRAM ARGS…: in a session of its own, with its output in a file.
start() {
  local name=$1 program=$2
  shift 2
  mkdir -p "$run/logs"
  [ -e "$run/logs/$name.log" ] && mv -f "$run/logs/$name.log" "$run/logs/$name.log.old"
  setsid "$program" "$@" >"$run/logs/$name.log" 2>&1 </dev/null &
  printf '%s %s\n' "$!" "$(readlink -f "$program")" >"$run/$name.pid"
}

# stop NAME: asks, waits, then insists.
stop() {
  local name=$1 pid
  if alive "$name"; then
    read -r pid _ <"$run/$name.pid"
    kill -TERM "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
      alive "$name" || break
      sleep 0.2
    done
    alive "$name" && kill -KILL "$pid" 2>/dev/null
  fi
  rm -f "$run/$name.pid"
}

# await SECONDS COMMAND…: tries until it succeeds.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.3
  done
}
