#!/usr/bin/env python3
"""Writes Tests/TrainingTests/PyTorchCurve.swift: the losses of 200 SimPO steps of a LoRA adapter, by PyTorch and PEFT.

  tools/golden/make_training_curve.py FIXTURE      (a folder with a small llama model and an adapter below it)

Needs torch, transformers, peft. The model's matrices are rounded as Q8_0 first, so that both sides train over the same
weights; data and order are the same numbers as in Tests/TrainingTests/TrainingCurveTests.swift.
"""
import os, sys

import torch, torch.nn.functional as F
from peft import PeftModel
from transformers import AutoModelForCausalLM

STEPS, BATCH, PAIRS, BETA, GAMMA, RATE = 200, 4, 24, 2.0, 1.6, 1e-3
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def q8_0(w):
    """ggml's rule: an fp16 scale for 32 weights, halves rounded away from zero."""
    blocks = w.reshape(-1, 32)
    scale = blocks.abs().amax(1, keepdim=True) / 127
    x = torch.where(scale > 0, blocks / scale, torch.zeros_like(blocks))
    codes = torch.sign(x) * torch.floor(x.abs() + 0.5)
    return (codes * scale.half().float()).reshape(w.shape)


def numbers(seed):
    """A generator that is easy to write down in any language."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 33


def pairs():
    draw = numbers(7)
    tokens = lambda count: [4 + next(draw) % 465 for _ in range(count)]
    return [(tokens(5 + i % 7), tokens(6 + i % 5) + [1], tokens(8 - i % 3) + [1]) for i in range(PAIRS)]


def mean_logp(model, prompt, answer):
    ids = torch.tensor([prompt + answer])
    logp = F.log_softmax(model(input_ids=ids).logits[0, len(prompt) - 1:-1].float(), -1)
    return logp.gather(1, ids[0, len(prompt):, None]).mean()


torch.manual_seed(0)
torch.set_num_threads(1)
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)
for parameter in model.parameters():
    if parameter.dim() == 2 and parameter.shape[1] % 32 == 0:
        parameter.data = q8_0(parameter.data)
model = PeftModel.from_pretrained(model, f"{sys.argv[1]}/adapter", is_trainable=True)
model.eval()
learnt = [p for p in model.parameters() if p.requires_grad]
adam = torch.optim.AdamW(learnt, lr=RATE, weight_decay=0)
data, losses = pairs(), []
for step in range(STEPS):
    batch = [data[(step * BATCH + i) % PAIRS] for i in range(BATCH)]
    loss = torch.stack([
        -F.logsigmoid(BETA * (mean_logp(model, p, c) - mean_logp(model, p, r)) - GAMMA) for p, c, r in batch]).mean()
    adam.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(learnt, 1.0)
    adam.step()
    losses.append(loss.item())

lines = [", ".join(f"{x:.6f}" for x in losses[i:i + 8]) for i in range(0, STEPS, 8)]
with open(f"{ROOT}/Tests/TrainingTests/PyTorchCurve.swift", "w") as out:
    out.write("/// Losses of 200 SimPO steps by PyTorch and PEFT, in float32 on the CPU.\n///\n"
              "/// Made by tools/golden/make_training_curve.py.\nenum PyTorchCurve {\n  static let losses: [Double] = [\n"
              + "".join(f"    {line},\n" for line in lines) + "  ]\n}\n")
print(losses[0], losses[-1])
