#!/usr/bin/env python3
"""Writes Tests/TransformerTests/Golden/score-head.json: rewards, Bradley and Terry's loss and its gradients, by transformers
(LlamaForSequenceClassification with one label) and PEFT.

  tools/golden/make_score_head.py FIXTURE      (a folder with a small llama model and an adapter below it)

Needs torch, transformers, peft. The head's weights are cos(i) / 8; tokens are those of expected.json's SimPO case.
"""
import json, math, os, sys

import torch, torch.nn.functional as F
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
expected = json.load(open(f"{sys.argv[1]}/expected.json"))["simpo"]
prompt, answers = expected["prompt"], [expected["chosen"], expected["rejected"]]
torch.set_num_threads(1)
model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1], num_labels=1, dtype=torch.float32)
model.config.pad_token_id = None
model = PeftModel.from_pretrained(model, f"{sys.argv[1]}/adapter", is_trainable=True)
model.eval()
head = model.base_model.model.score.weight
head.data = torch.tensor([[math.cos(i) / 8 for i in range(head.shape[1])]])
head.requires_grad_(True)
rewards = [model(input_ids=torch.tensor([prompt + answer])).logits[0, 0] for answer in answers]
loss = -F.logsigmoid(rewards[0] - rewards[1])
loss.backward()
gradients = {"score.weight": head.grad}
for name, parameter in model.named_parameters():
    if "lora_" in name:
        gradients[name.replace(".default", "")] = parameter.grad
page = {
    "prompt": prompt, "answers": answers, "rewards": [r.item() for r in rewards], "loss": loss.item(),
    "gradients": {
        name: {"norm": g.norm().item(), "head": g.flatten()[:8].tolist()} for name, g in sorted(gradients.items())
    },
}
with open(f"{ROOT}/Tests/TransformerTests/Golden/score-head.json", "w") as file:
    json.dump(page, file)
    file.write("\n")
