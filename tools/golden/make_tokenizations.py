#!/usr/bin/env python3
"""Make Tests/TokenizationTests/Golden/tokenizations.json: small tokenizers of every supported form, and
what Hugging Face tokenizers makes of texts with them.

usage: make_tokenizations.py > Tests/TokenizationTests/Golden/tokenizations.json

Needs tokenizers 0.23 (pip). The vocabularies are learnt from the texts below, so the file stays small.
"""
import json
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")
LEARN = ["the cat sat on the mat, and the other cat's hat was there: we'll see what they've got",
         "numbers 1234567 and 20 24 here\n\n  indented code(x, y);\n\treturn 'it' != \"that\"\r\n\r\n",
         "Él comió ½ manzana — ¿por qué? 日本語のテスト 🙂 Cửa Việt Ⅷ ٣٤", "I'M SURE THEY'RE HERE, WE'D SAY 'TIS SO"]
TEXTS = ["", " ", "   ", "\n", "\n\n \n", " \r\n\r\n  x", "a\u00a0 b\u3000c\u0085d", "the cat's hat  and   THEY'RE'S we'ſ 'ſt x'", "''''ll'LL'Ll 'T'd",
         "1 12 123 1234 12345 1.5 x1234y ٣٤٥٦ ½¼ Ⅷ①²", "  leading", "trailing  ", "trailing\n", "tab\tand\t\ttabs \t mix", "é e\u0301 Å \u212b ﬁ ệ e\u0323\u0302",
         "日本語 のテスト。。。", "🙂🙃 👩‍👩‍👧 x\u200dy", "code(x, y);\n    return x\n\n\n  z", "<s>the</s> cat<|end|>the <|end|> x", "▁the ▁▁ cat▁", "<0x41> unknown ☃ λ",
         "~~~!!!\n\n!x", " !a", "\u0000\u0001\u007f", "_a_b __c__", "\u0301\u0300 combining", "१२३ हिन्दी कि", "𝒜𝓑 𝟙𝟚𝟛 𐍈", "\u2028line\u2029sep"]


def fuzz(count):
    rng = random.Random(7)
    alphabet = list("aezSTdmLlrv''''    \n\n\r\t.,!(12390") + ["é", "\u0301", "ſ", "½", "日", "🙂", "\u00a0", "\u3000", "Ⅷ", "▁", "the", " cat", "'ll", "<s>"]
    return ["".join(rng.choice(alphabet) for _ in range(rng.randint(1, 24))) for _ in range(count)]


def byte_level(pre, normalizer=None, ignore_merges=False):
    t = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(LEARN * 3, trainers.BpeTrainer(
        vocab_size=420, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>", "</s>", "<|end|>"]))
    return t


def split(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def piece(normalizer, pre, fallback=True, strip=True):
    """A SentencePiece-style BPE whose merges do not cross spaces but for runs of them."""
    t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=fallback, fuse_unk=False))
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    special = ["<unk>", "<s>", "</s>"] + ([f"<0x{b:02X}>" for b in range(256)] if fallback else [])
    t.train_from_iterator(LEARN * 3, trainers.BpeTrainer(vocab_size=len(special) + 130, show_progress=False, special_tokens=special))
    data = json.loads(t.to_str())
    data["added_tokens"] = [a for a in data["added_tokens"] if a["id"] < 3]
    vocab = data["model"]["vocab"]
    for left, right in [("▁", "▁"), ("▁▁", "▁▁")]:
        vocab[left + right] = len(vocab)
        data["model"]["merges"].append([left, right])
    t = Tokenizer.from_str(json.dumps(data))
    t.normalizer, t.pre_tokenizer = normalizer, pre
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()] + ([decoders.Strip(" ", 1, 0)] if strip else []))
    t.add_tokens([AddedToken("<|end|>", normalized=False)])
    return t


def forms():
    yield "gpt-2", byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False))
    yield "gpt-2 as a split", byte_level(split(GPT2))
    llama3 = byte_level(split(LLAMA3), ignore_merges=True)
    llama3.post_processor = processors.Sequence([processors.ByteLevel(), processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 0)])])
    yield "llama-3", llama3
    yield "qwen2", byte_level(split(QWEN2), normalizers.NFC())
    yield "smollm", byte_level(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                        pre_tokenizers.ByteLevel(add_prefix_space=False)]))
    prepend = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    yield "llama-2", piece(prepend, None)
    yield "mistral", piece(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False))
    yield "metaspace, always and split", piece(None, pre_tokenizers.Metaspace(prepend_scheme="always", split=True))
    yield "metaspace, never", piece(None, pre_tokenizers.Metaspace(prepend_scheme="never", split=False), strip=False)
    yield "no byte fallback", piece(prepend, None, fallback=False)


def main():
    result = []
    for name, tokenizer in forms():
        texts = [{"text": t, "ids": e.ids, "decoded": tokenizer.decode(e.ids, skip_special_tokens=False)}
                 for t in TEXTS + fuzz(60) for e in [tokenizer.encode(t, add_special_tokens=False)]]
        result.append({"name": name, "tokenizer": json.loads(tokenizer.to_str()), "texts": texts})
    json.dump(result, sys.stdout, ensure_ascii=False, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
