// Trains networks of sigmoids side by side: every number of the network is an array with one entry a trial ("lane").
//
//     c++ -std=c++17 -Ofast -march=native -mprefer-vector-width=512 -DLANES=32 -pthread lanes.cpp -o lanes -lmvec -lm
//     lanes float64|float32 TRIALS EPOCHS THREADS <initial >final
//
// Weights are float64 on both sides, trial by trial, W1 (inputs, hidden) before W2 (hidden); stderr has the seconds that
// training took, those of the CPU where there is one thread. All sizes are known to the compiler, which unrolls the loops
// over the network and vectorises those over lanes; exp is the vector math library's.
//
// What was tried on an Intel CPU with AVX-512, float64 (float32), microseconds a training: this file 99 (21). exp and
// the division in one loop 118 (24): the loop waits for both. All of an epoch in one loop over lanes 137 (34): exp is a
// call, and a call spills every register. tanh for exp and division 102 (22). Vectors of 256 bits 183 (37). Loops over
// the network without the unroll pragmas, 8 or 16 lanes 240 (140): the compiler unrolls the lanes instead. 8 lanes were
// never the best.

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <thread>
#include <vector>

constexpr int lanes = LANES;  // 16, 32 or 64
constexpr int inputs = 3, hidden = 4, samples = 4, weights = inputs * hidden + hidden;
constexpr int X[samples][inputs] = {{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}};
constexpr int Y[samples] = {0, 1, 1, 0};

#define UNROLL _Pragma("GCC unroll 8")

template <typename real, int count>
inline void sigmoid(real* __restrict z) {
    z = static_cast<real*>(__builtin_assume_aligned(z, 64));
    for (int k = 0; k < count; ++k) z[k] = std::exp(-z[k]);
    for (int k = 0; k < count; ++k) z[k] = 1 / (1 + z[k]);
}

template <typename real>
struct Networks {
    alignas(64) real W1[inputs][hidden][lanes];
    alignas(64) real W2[hidden][lanes];

    void train(int epochs) {
        alignas(64) real h[samples][hidden][lanes], o[samples][lanes];
        for (int epoch = 0; epoch < epochs; ++epoch) {
            UNROLL for (int s = 0; s < samples; ++s)
                UNROLL for (int j = 0; j < hidden; ++j)
                    for (int l = 0; l < lanes; ++l) {
                        real z = 0;
                        UNROLL for (int i = 0; i < inputs; ++i) z += X[s][i] * W1[i][j][l];
                        h[s][j][l] = z;
                    }
            sigmoid<real, samples * hidden * lanes>(&h[0][0][0]);
            UNROLL for (int s = 0; s < samples; ++s)
                for (int l = 0; l < lanes; ++l) {
                    real z = 0;
                    UNROLL for (int j = 0; j < hidden; ++j) z += h[s][j][l] * W2[j][l];
                    o[s][l] = z;
                }
            sigmoid<real, samples * lanes>(&o[0][0]);
            UNROLL for (int s = 0; s < samples; ++s)
                for (int l = 0; l < lanes; ++l) o[s][l] = 2 * (Y[s] - o[s][l]) * o[s][l] * (1 - o[s][l]);
            UNROLL for (int j = 0; j < hidden; ++j)
                for (int l = 0; l < lanes; ++l) {
                    real w2 = W2[j][l], g2 = 0, g1[inputs] = {};
                    UNROLL for (int s = 0; s < samples; ++s) {
                        real back = o[s][l] * w2 * h[s][j][l] * (1 - h[s][j][l]);
                        g2 += h[s][j][l] * o[s][l];
                        UNROLL for (int i = 0; i < inputs; ++i) g1[i] += X[s][i] * back;
                    }
                    W2[j][l] = w2 + g2;
                    UNROLL for (int i = 0; i < inputs; ++i) W1[i][j][l] += g1[i];
                }
        }
    }
};

template <typename real>
void train(std::vector<double>& all, int epochs, int threads) {
    const long trials = long(all.size()) / weights;
    std::atomic<long> next{0};
    auto work = [&] {
        Networks<real> networks;
        for (long first; (first = next.fetch_add(lanes)) < trials;) {
            const long last = first + lanes < trials ? first + lanes : trials;
            std::memset(&networks, 0, sizeof networks);
            for (long t = first; t < last; ++t)
                for (int k = 0; k < weights; ++k) (&networks.W1[0][0][0])[k * lanes + t - first] = real(all[t * weights + k]);
            networks.train(epochs);
            for (long t = first; t < last; ++t)
                for (int k = 0; k < weights; ++k) all[t * weights + k] = (&networks.W1[0][0][0])[k * lanes + t - first];
        }
    };
    std::vector<std::thread> others;
    for (int k = 1; k < threads; ++k) others.emplace_back(work);
    work();
    for (auto& thread : others) thread.join();
}

int main(int count, char** words) {
    if (count != 5) return 2;
    const int epochs = std::atoi(words[3]), threads = std::atoi(words[4]);
    std::vector<double> all(std::atol(words[2]) * weights);
    if (std::fread(all.data(), sizeof(double), all.size(), stdin) != all.size()) return 2;
    const auto start = std::chrono::steady_clock::now();
    const auto cpu = std::clock();
    const bool single = std::strcmp(words[1], "float32") == 0;
    if (single)
        train<float>(all, epochs, threads);
    else
        train<double>(all, epochs, threads);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const double seconds = threads == 1 ? double(std::clock() - cpu) / CLOCKS_PER_SEC : took.count();
    std::fprintf(stderr, "%.9f\n", seconds);
    return std::fwrite(all.data(), sizeof(double), all.size(), stdout) == all.size() ? 0 : 1;
}
