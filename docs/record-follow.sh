#!/usr/bin/env bash
# Records docs/follow.svg: a real terminal in which `checkpoint follow` is killed and goes on.
# Needs tmux, and Python with the package rich. Run it after: cargo build --release --package checkpoint-cli
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'tmux -L record kill-server 2>/dev/null || true; rm -r "$work"' EXIT

mkdir "$work/bin"
cp "$root/target/release/checkpoint" "$work/bin/"
cp "$root/examples/flights.jsonl" "$work/"
cat > "$work/load" <<'LOAD'
#!/bin/sh
sleep 0.1 && cat >> loaded.jsonl # stands for a slow database
LOAD
chmod +x "$work/load"

export CHECKPOINT_STORE="file:$work/store" PATH="$work/bin:$PATH"
cd "$work"
tmux -L record -f /dev/null new-session -d -x 100 -y 26 "bash --norc --noprofile"

# Types a line, and waits until the prompt is back.
run() {
    local prompts
    prompts=$(tmux -L record capture-pane -p | grep -c '^\$' || true)
    tmux -L record send-keys -l "$1"
    tmux -L record send-keys Enter
    for _ in $(seq 200); do
        sleep 0.1
        if (($(tmux -L record capture-pane -p | grep -c '^\$') > prompts)); then return; fi
    done
    echo "no prompt after: $1" >&2
    return 1
}

tmux -L record send-keys "PS1='$ '; clear" Enter
sleep 1
run 'wc -l flights.jsonl'
run 'timeout --signal=KILL 1.2 checkpoint follow flights.jsonl --batch 20 -- ./load'
run 'checkpoint get follow:$PWD/flights.jsonl; wc -l loaded.jsonl'
run 'checkpoint follow flights.jsonl --batch 20 --once -- ./load'
run 'sort -u loaded.jsonl | wc -l'
tmux -L record capture-pane -p -e > "$work/screen"

python3 - "$work/screen" "$root/docs/follow.svg" "$work" <<'RENDER'
import sys
from rich.console import Console
from rich.text import Text

screen, picture, work = sys.argv[1:]
text = open(screen).read().rstrip().replace(work, "/home/me")
console = Console(record=True, width=100, file=open("/dev/null", "w"))
console.print(Text.from_ansi(text))
console.save_svg(picture, title="checkpoint follow", clear=False)
RENDER
