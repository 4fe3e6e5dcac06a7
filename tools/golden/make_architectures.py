#!/usr/bin/env python3
"""Writes Tests/TransformerTests/Golden/architectures.json: what PyTorch says of small models.

    tools/golden/make_architectures.py        (needs torch, transformers and peft from PyPI)

The weights are a formula of a tensor's name and a number's place, which the tests compute, too, so
that the file holds settings and answers only: logits, log-probabilities, greedy tokens, and SimPO's
loss and gradients for all weights and for LoRA's. All in float32 on the CPU.
"""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

SHAPE = dict(
    vocab_size=300, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, head_dim=16, max_position_embeddings=512,
    rms_norm_eps=1e-5, bos_token_id=0, eos_token_id=1, tie_word_embeddings=False, torch_dtype="float32")
LLAMA3 = dict(
    rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=64)
MODELS = {
    "qwen3": dict(model_type="qwen3"),
    "qwen3-tied": dict(model_type="qwen3", tie_word_embeddings=True, head_dim=8),
    "llama3-rope": dict(model_type="llama", rope_theta=500000.0, rope_scaling=LLAMA3),
    "linear-rope": dict(
        model_type="llama", rope_theta=10000.0, rope_scaling=dict(rope_type="linear", factor=4.0)),
    "mistral-window": dict(model_type="mistral", sliding_window=16),
}
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
BETA, GAMMA = 2.0, 1.6


def numbers(name, count):
    """Numbers in [-1/8, 1/8), exact in float32: SplitMix64 of the name's FNV-1a hash and the place."""
    hash = 0xCBF29CE484222325
    for byte in name.encode():
        hash = (hash ^ byte) * 0x100000001B3 % 2**64
    z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(hash)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.int64) - 2**23).astype(np.float32) * np.float32(2**-26)


def fill(parameters):
    """Sets parameters by their saved names and gives names and shapes."""
    shapes = []
    with torch.no_grad():
        for name, parameter in parameters:
            saved = name.replace(".default", "")
            values = numbers(saved, parameter.numel()).reshape(parameter.shape)
            parameter.copy_(torch.from_numpy(values))
            if "norm" in saved:
                parameter.add_(1)
            shapes.append([saved, list(parameter.shape)])
    return shapes


def tokens(seed, count):
    return [int(x) for x in np.random.default_rng(seed).integers(2, SHAPE["vocab_size"], count)]


def logprobs(model, ids):
    logits = model(input_ids=ids[None]).logits[0, :-1]
    return F.log_softmax(logits, -1).gather(1, ids[1:, None])[:, 0]


def case(model, ids):
    ids = torch.tensor(ids)
    with torch.no_grad():
        last = model(input_ids=ids[None]).logits[0, -1]
        greedy = model.generate(
            ids[None], max_new_tokens=24, do_sample=False, eos_token_id=None, pad_token_id=1)
        return dict(
            ids=ids.tolist(), last_logits=rounded(last), logprobs=rounded(logprobs(model, ids)),
            greedy=greedy[0, len(ids):].tolist())


def rounded(tensor):
    return [round(float(x), 6) for x in tensor.flatten()]


def preference(model, prompt, chosen, rejected):
    model.zero_grad()
    means = [
        logprobs(model, torch.tensor(prompt + answer))[len(prompt) - 1:].mean()
        for answer in (chosen, rejected)]
    loss = -F.logsigmoid(BETA * (means[0] - means[1]) - GAMMA)
    loss.backward()
    grads = {
        name.replace(".default", ""):
            dict(norm=p.grad.norm().item(), head=[float(f"{x:.6g}") for x in p.grad.flatten()[:8]])
        for name, p in model.named_parameters() if p.requires_grad}
    return dict(
        loss=loss.item(), chosen_avg_logp=means[0].item(), rejected_avg_logp=means[1].item(),
        grads=grads)


def golden(name, settings):
    config = dict(SHAPE, **settings)
    kind = config.pop("model_type")
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **config)).float().eval()
    shapes = fill(model.named_parameters())
    cases = [case(model, tokens(1, 12)), case(model, tokens(2, 90))]
    pair = dict(prompt=tokens(3, 24), chosen=tokens(4, 20) + [1], rejected=tokens(5, 30) + [1])
    simpo = dict(pair, beta=BETA, gamma=GAMMA, **preference(model, **pair))
    lora = LoraConfig(r=4, lora_alpha=8, target_modules=LINEARS)
    adapted = get_peft_model(model, lora)
    parts = fill([(n, p) for n, p in adapted.named_parameters() if "lora" in n])
    return dict(
        name=name, config=dict(config, model_type=kind), tensors=shapes, cases=cases, simpo=simpo,
        adapter=dict(r=4, lora_alpha=8, tensors=parts), lora_simpo=preference(adapted, **pair))


if __name__ == "__main__":
    root = pathlib.Path(__file__).resolve().parents[2]
    path = root / "Tests/TransformerTests/Golden/architectures.json"
    path.parent.mkdir(exist_ok=True)
    models = [golden(name, settings) for name, settings in MODELS.items()]
    path.write_text(json.dumps(models, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes")
