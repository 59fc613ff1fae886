"""Fail unless the wheel holds exactly the three import names, with suites and templates."""

import sys
import zipfile

EXPECTED = {"ivlm_bench", "ivlm_envs", "ivlm_policies"}
NEEDED = ("ivlm_envs/suites/smoke-v0.toml", "ivlm_bench/report/templates/", "ivlm_bench/py.typed")

names = zipfile.ZipFile(sys.argv[1]).namelist()
top = {name.split("/")[0] for name in names if ".dist-info/" not in name}
missing = [want for want in NEEDED if not any(name.startswith(want) for name in names)]
if top != EXPECTED or missing:
    sys.exit(f"{sys.argv[1]}: top-level names {sorted(top)}, missing {missing}")
print(f"{sys.argv[1]}: {len(names)} files under {', '.join(sorted(top))}")
