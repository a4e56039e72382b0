# A newer Docker Engine in a folder of its own, beside the machine's: for measuring and testing what the
# distribution's engine refuses (`--privileged` on a host whose capability bounding set is cut).
# Needs root. Sourced; uses scripts/lib/machine.sh.

bench_engine_root=${BACKSTACK_BENCH_ENGINE:-/var/lib/backstack-bench-engine}
bench_engine_host="unix://$bench_engine_root/run/docker.sock"

# Makes its folder, once.
bench_engine_make() {
  [ ! -x "$bench_engine_root/usr/sbin/dockerd" ] || return 0
  packages debootstrap -- debootstrap
  say "making an engine in $bench_engine_root"
  debootstrap --variant=minbase --include=docker.io,iptables,ca-certificates,procps trixie "$bench_engine_root" >/tmp/backstack-debootstrap.log 2>&1 \
    || fail "debootstrap failed" "see /tmp/backstack-debootstrap.log"
}

# Starts it, made on first use; prints nothing. DOCKER_HOST for it is $bench_engine_host.
bench_engine_start() {
  bench_engine_make
  curl -fsS --max-time 5 --unix-socket "$bench_engine_root/run/docker.sock" http://localhost/_ping >/dev/null 2>&1 && return 0
  say "starting the engine in $bench_engine_root"
  # chroot is not enough: runc pivots, which needs the folder to be the root of its own mount namespace.
  setsid nohup unshare -m bash -c '
    set -e
    root=$1
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    # What the engine shares with us: its socket, in a folder that both see.
    mkdir -p "$root/old" "$root/run" "$root/lib/modules"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    cd "$root"
    pivot_root . old
    umount -l /old
    rm -f /run/docker.pid /run/docker-exec/containerd/containerd.pid
    exec dockerd --host unix:///run/docker.sock --data-root /var/lib/docker --exec-root /run/docker-exec \
      --pidfile /run/docker.pid --bridge none
  ' engine "$bench_engine_root" >/tmp/backstack-bench-engine.log 2>&1 </dev/null &
  bench_engine_pid=$!
  local tries=0
  until curl -fsS --max-time 5 --unix-socket "$bench_engine_root/run/docker.sock" http://localhost/_ping >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -le 60 ] || fail "the engine in $bench_engine_root does not answer" "see /tmp/backstack-bench-engine.log"
    sleep 0.5
  done
}

# Stops what bench_engine_start started.
bench_engine_stop() { [ -n "${bench_engine_pid:-}" ] && kill "$bench_engine_pid" 2>/dev/null && wait "$bench_engine_pid" 2>/dev/null; true; }
