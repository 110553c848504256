set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
if [[ -f deploy.env ]]; then
	# shellcheck source=/dev/null
	. ./deploy.env
fi
if [[ -n ${HF_TOKEN:-} ]]; then
	export HF_TOKEN
fi
if [[ -n ${VLLM_API_KEY:-} ]]; then
	export VLLM_API_KEY
fi
: "${BIND_ADDRESS:=127.0.0.1}"
: "${START_SECONDS:=1800}" "${STOP_SECONDS:=60}" "${POLL_SECONDS:=2}"
: "${MPS_DIRECTORY:=/var/run/nvidia-mps}" "${MPS_LOG_DIRECTORY:=/var/log/nvidia-mps}"
unset CUDA_VISIBLE_DEVICES CUDA_MPS_PIPE_DIRECTORY CUDA_MPS_LOG_DIRECTORY # only servers on shared GPUs may find the daemon

say() {
	printf '%s\n' "$*" >&2
}

fail() {
	say "deploy.sh: $*"
	exit 1
}

usage() {
	say "usage: deploy.sh COMMAND [NODE]     NODE: ${NODES[*]} (may be left out when there is one)"
	say "  check      are the programs, GPUs and model ids there?"
	say "  start      MPS where GPUs are shared, then the servers, one after another where they share GPUs"
	say "  status     which servers answer"
	say "  stop       the servers, then MPS"
	say "  mps-start, mps-stop   MPS alone, for docker compose"
	say "  gpus       lines for deploy.env with the UUIDs of the GPUs"
	exit 2
}

need_programs() { # need_programs PROGRAM...
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || fail "$program is not on PATH"
	done
}

need_model() { # need_model VARIABLE: the model id of an LLM must be set
	[[ -n ${!1:-} ]] || fail "set $1 in deploy.env: the model that its curves are of, an id or a path"
}

need_key() {
	[[ -n ${VLLM_API_KEY:-} ]] || fail "set VLLM_API_KEY in deploy.env: the key that clients of the servers send"
}

reached() { # reached: the address at which this machine reaches its own servers
	[[ $BIND_ADDRESS == 0.0.0.0 ]] && printf '127.0.0.1\n' || printf '%s\n' "$BIND_ADDRESS"
}

need_gpu() { # need_gpu GPU LEAST PLANNED NAME: memory in MiB, what its servers count and what the plan says it has; NAME: the plan's
	local found
	found=$(nvidia-smi -i "$1" --query-gpu=name,memory.total --format=csv,noheader,nounits) || fail "there is no GPU $1 here"
	say "GPU $1: $found MiB (plan: $4, $3 MiB, of which its servers need $2)"
	((${found##*, } >= $2)) || fail "GPU $1 has too little memory"
}

uuid() { # uuid GPU: the UUID of a GPU that is named by its UUID or by nvidia-smi's index
	nvidia-smi -i "$1" --query-gpu=uuid --format=csv,noheader || fail "there is no GPU $1 here"
}

uuids() { # uuids GPU...: with commas between
	local gpu found list=""
	for gpu in "$@"; do
		found=$(uuid "$gpu") || exit 1
		list+=${list:+,}$found
	done
	printf '%s\n' "$list"
}

print_gpu() { # print_gpu VARIABLE GPU
	local found
	found=$(uuid "$2") || exit 1
	printf '%s=%s\n' "$1" "$found"
}

mps_control() { # mps_control ARGUMENT...: the control daemon, or its client
	CUDA_MPS_PIPE_DIRECTORY=$MPS_DIRECTORY CUDA_MPS_LOG_DIRECTORY=$MPS_LOG_DIRECTORY nvidia-cuda-mps-control "$@"
}

mps_runs() {
	mps_control <<<get_server_list >/dev/null 2>&1 # no pipe: a client that does not read ends its writer
}

mps_start() { # mps_start GPU...: the control daemon, for these GPUs alone
	local gpu visible
	if mps_runs; then
		say "MPS: the control daemon of $MPS_DIRECTORY runs already"
		return
	fi
	visible=$(uuids "$@") || exit 1
	mkdir -p "$MPS_DIRECTORY" "$MPS_LOG_DIRECTORY"
	for gpu in "$@"; do
		nvidia-smi -i "$gpu" -c EXCLUSIVE_PROCESS >&2 || fail "the compute mode of GPU $gpu cannot be set; run as root"
	done
	CUDA_VISIBLE_DEVICES=$visible mps_control -d
	say "MPS: control daemon started for GPU $*"
}

mps_stop() { # mps_stop GPU...
	local gpu
	if mps_runs; then
		mps_control <<<quit
		say "MPS: control daemon stopped"
	fi
	for gpu in "$@"; do
		nvidia-smi -i "$gpu" -c DEFAULT >&2
	done
}

started_at() { # started_at PID: clock ticks since boot; nothing for a process that is gone
	local line fields
	line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	read -r -a fields <<<"${line##*) }"
	[[ ${fields[0]} != Z ]] && printf '%s\n' "${fields[19]}"
}

running() { # running NAME: its process, by number and start (numbers are used again)
	local pid start now
	[[ -f run/$1.pid ]] || return 1
	read -r pid start <"run/$1.pid"
	now=$(started_at "$pid") && [[ $now == "$start" ]]
}

healthy() { # healthy PORT
	curl -sf -o /dev/null --max-time 5 "http://$(reached):$1/health"
}

launch() { # launch NAME PORT GPU... -- COMMAND...: start a server in the background
	local name=$1 port=$2 gpus=() visible
	shift 2
	while [[ $1 != -- ]]; do
		gpus+=("$1")
		shift
	done
	shift
	if running "$name"; then
		say "$name: runs already"
		return
	fi
	if healthy "$port"; then
		fail "$name: something else answers on port $port"
	fi
	visible=$(uuids "${gpus[@]}") || exit 1
	mkdir -p logs run
	say "$name: starting on GPU ${gpus[*]}, port $port, log logs/$name.log"
	CUDA_VISIBLE_DEVICES=$visible setsid nohup "$@" >>"logs/$name.log" 2>&1 </dev/null &
	printf '%s %s\n' "$!" "$(started_at "$!")" >"run/$name.pid"
}

await() { # await NAME PORT: until the server is healthy
	local name=$1 port=$2 end=$((SECONDS + START_SECONDS))
	until healthy "$port"; do
		running "$name" || fail "$name ended before it was healthy: $(tail -n 5 "logs/$name.log")"
		((SECONDS < end)) || fail "$name is not healthy after $START_SECONDS s; see logs/$name.log"
		sleep "$POLL_SECONDS"
	done
	say "$name: healthy"
}

status() { # status NAME PORT
	if ! running "$1"; then
		printf '%-40s stopped\n' "$1"
	elif healthy "$2"; then
		printf '%-40s healthy   http://%s:%s/v1\n' "$1" "$(reached)" "$2"
	else
		printf '%-40s starting or stuck; see logs/%s.log\n' "$1" "$1"
	fi
}

halt() { # halt NAME: its whole process group, first with SIGTERM
	local name=$1 pid end=$((SECONDS + STOP_SECONDS))
	if running "$name"; then
		read -r pid _ <"run/$name.pid"
		kill -TERM -- "-$pid"
		while running "$name"; do
			((SECONDS < end)) || kill -KILL -- "-$pid"
			sleep 1
		done
		say "$name: stopped"
	fi
	rm -f "run/$name.pid"
}
