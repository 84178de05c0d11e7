# The modules of orfeas: the one table that CMake, `./dev` and `scripts/checks` read. One call a line.
#
#   orfeas_module(NAME LAYER n [USES target…] [NEEDS third-party…])
#       target orfeas::NAME: include/orfeas/NAME.hpp and include/orfeas/NAME/**
#   orfeas_part(NAME PART FILES pattern… [EXCEPT pattern…] [USES target…] [NEEDS third-party…])
#       target orfeas::NAME_PART: the headers of the module NAME that need a third party; patterns are relative to
#       include/orfeas/NAME/, and a part uses its module
#
# USES names what its headers may include (with all that those use): lower layers only, except that stats may use core.
# NEEDS names what it links and may include: asio, beast (implies asio), cuda, eigen, json, openssl, compress
# (Zstandard), yaml, zlib.
# memory/cuda_driver*.hpp, cuda_vmm.hpp, cuda_async.hpp and cuda_profile.hpp, and trace/cuda.hpp and cuda_driver.hpp, open the
# driver at run time and need no toolkit.
# A module whose folder does not exist, or whose third party was not found, is not declared.

orfeas_module(core LAYER 0)
orfeas_module(stats LAYER 0 USES core)

orfeas_module(memory LAYER 1 USES core stats)
orfeas_part(memory cuda FILES cuda*.hpp EXCEPT cuda_driver*.hpp cuda_vmm.hpp cuda_async.hpp cuda_profile.hpp NEEDS cuda)
orfeas_part(memory asio FILES asio.hpp NEEDS asio)
orfeas_module(trace LAYER 1 USES core stats)
orfeas_part(trace cuda FILES cuda*.hpp EXCEPT cuda.hpp cuda_driver.hpp NEEDS cuda)
orfeas_part(trace asio FILES asio.hpp NEEDS asio)
orfeas_module(metrics LAYER 1 USES core stats)
orfeas_module(net LAYER 1 USES core stats NEEDS asio)
orfeas_part(net tls FILES tls*.hpp NEEDS asio openssl)
orfeas_part(net compress FILES compress*.hpp NEEDS zlib)

orfeas_module(cache LAYER 2 USES core stats memory)
orfeas_part(cache asio FILES asio.hpp detail/flight.hpp NEEDS asio)
orfeas_part(cache redis FILES redis.hpp redis/*.hpp tiered.hpp tiers/*.hpp
    EXCEPT redis/tls*.hpp redis/boost_redis.hpp redis/breaker.hpp redis/connection_stats.hpp USES cache_asio net NEEDS asio)
orfeas_part(cache redis_tls FILES redis/tls*.hpp USES cache_redis net_tls NEEDS asio)
orfeas_part(cache boost_redis FILES redis/boost_redis.hpp USES cache_redis NEEDS asio openssl)
orfeas_part(cache compress FILES compress*.hpp NEEDS compress)
orfeas_module(detect LAYER 2 USES core stats)
orfeas_part(detect eigen FILES correlation*.hpp detail/correlation*.hpp ensemble.hpp NEEDS eigen)
orfeas_part(detect asio FILES asio.hpp NEEDS asio)
orfeas_module(forecast LAYER 2 USES core stats)
orfeas_module(alert LAYER 2 USES core stats)
orfeas_part(alert asio FILES asio.hpp NEEDS asio)
orfeas_part(alert yaml FILES rules_file*.hpp NEEDS yaml)
orfeas_module(cost LAYER 2 USES core stats)
orfeas_module(scale LAYER 2 USES core stats)
orfeas_part(scale asio FILES asio.hpp NEEDS asio)

orfeas_module(http LAYER 3 USES core stats net NEEDS beast)
orfeas_module(observe LAYER 3 USES memory metrics trace trace_asio cache cache_asio detect forecast alert cost scale NEEDS asio)

orfeas_module(serve LAYER 4 USES observe http NEEDS beast json)
orfeas_module(export LAYER 4 USES observe http alert NEEDS beast json)
orfeas_module(load LAYER 4 USES http NEEDS beast json)

orfeas_module(observatory LAYER 5 USES observe serve NEEDS beast)
