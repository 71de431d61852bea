#!/usr/bin/env bash
# The whole way, from nothing and without a network: `make demo` runs it.
set -euo pipefail
out=${1:-out}
mkdir -p "$out"
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} # models this small are slower on more threads

echo "== three datasets made by program"
short="--min-length 4 --max-length 12 --max-depth 3 --max-args 3 --values 10"
synth build listops --explain all $short --train 8000 --validation 200 --test 300 --test-longer 0 --test-larger 0 --out "$out/listops"
synth show "$out/listops/medium" --n 2
synth stats "$out/listops/medium"
synth build arithmetic --train 2000 --validation 200 --test 200 --test-beyond 200 --out "$out/arithmetic"
synth show "$out/arithmetic" --n 1
synth build 2wiki --source sample --out "$out/2wiki"
synth show "$out/2wiki" --n 1

echo "== rationales from a teacher; this one is a stand-in that knows the answers"
cat > "$out/questions.jsonl" <<'END'
{"id": "rolls", "question": "A baker fills 6 trays with 12 rolls each and sells 50. How many are left?", "label": "22"}
{"id": "train", "question": "A train does 80 km an hour. How far does it get in 3 hours?", "label": "240"}
{"id": "hens", "question": "Nine hens lay 4 eggs each in a week. How many dozen eggs is that?", "label": "3"}
END
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
synth teacher-demo --task gsm8k --source "$out/questions.jsonl" --port "$port" &
trap 'kill %1 2>/dev/null || true' EXIT
server="--teacher stand-in --base-url http://127.0.0.1:$port/v1"
synth distill --task gsm8k --source "$out/questions.jsonl" $server --out "$out/cot"
synth show "$out/cot" --n 1
synth judge "$out/cot" --judge rubric $server

echo "== held to their expectations, every rationale worked out again; cards; rows for other trainers"
synth validate "$out/listops/medium" --against "$out/questions.jsonl"
for each in listops arithmetic 2wiki cot; do
  synth validate "$out/$each" --quiet
  synth card "$out/$each"
done
synth export "$out/cot" --to messages --out "$out/export" --overwrite

echo "== two small models from nothing learn the same questions: one the steps, one the answers alone"
for explain in medium none; do
  synth train llama --data "$out/listops/$explain" --from-scratch tiny --out "$out/runs/$explain"
  synth eval --model "$out/runs/$explain" --data "$out/listops/$explain"
done

synth report "$out/runs/medium" "$out/runs/none" --out "$out/report"
echo "Datasets, their cards and the models are in $out/; the report to open in a browser is $out/report/index.html"
echo "To look at the rows and at the runs: synth view $out/cot $out/listops $out/runs/medium $out/runs/none"
